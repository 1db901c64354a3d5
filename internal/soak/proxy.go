package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// proxies drives toxiproxy over its API.
type proxies struct {
	server *process
	// all are the proxies that it has.
	all []proxy
}

type proxy struct{ name, listen, upstream string }

// talk has a connection for each call: toxiproxy ends those that are idle, and
// a POST on one that ends just then fails.
var talk = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// toxic is one thing that is wrong with a connection, in toxiproxy's words.
type toxic struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream"` // downstream: what the client reads
	Toxicity   float64        `json:"toxicity"`
	Attributes map[string]int `json:"attributes"`
}

// start begins toxiproxy and makes its proxies.
func (p *proxies) start() error {
	if err := p.server.start(); err != nil {
		return err
	}
	for _, one := range p.all {
		if err := p.call(http.MethodPost, "/proxies", map[string]any{"name": one.name, "listen": one.listen, "upstream": one.upstream, "enabled": true}); err != nil {
			return err
		}
	}
	return nil
}

// poison makes a proxy's connections, those that are open too, do something
// wrong.
func (p *proxies) poison(proxy string, toxics ...toxic) error {
	for _, t := range toxics {
		t.Name = t.Type + "-" + t.Stream
		if t.Toxicity == 0 {
			t.Toxicity = 1
		}
		if err := p.call(http.MethodPost, "/proxies/"+proxy+"/toxics", t); err != nil {
			return err
		}
	}
	return nil
}

// heal takes all toxics away. Toxiproxy may lock itself up over connections
// that end at that moment; then it is started again, which cuts all of them.
func (p *proxies) heal(l *log) error {
	err := p.call(http.MethodPost, "/reset", nil)
	if err == nil {
		return nil
	}
	l.say("toxiproxy is started again, as it does not answer: %v", err)
	return errors.Join(p.server.kill(), p.start())
}

func (p *proxies) call(method, path string, body any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequest(method, "http://"+p.server.address()+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r, err := talk.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = r.Body.Close() }()
	answer, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode >= 300 {
		return fmt.Errorf("toxiproxy %s: %s %.200s %w", path, r.Status, answer, err)
	}
	return nil
}

func latency(ms int) toxic {
	return toxic{Type: "latency", Stream: "downstream", Attributes: map[string]int{"latency": ms}}
}

// blackHole takes everything and gives nothing, in both directions.
func blackHole() []toxic {
	return []toxic{{Type: "timeout", Stream: "downstream", Attributes: map[string]int{"timeout": 0}}, {Type: "timeout", Stream: "upstream", Attributes: map[string]int{"timeout": 0}}}
}

// reset ends connections with an RST after a time, and bandwidth slows them.
func reset(ms int, share float64) toxic {
	return toxic{Type: "reset_peer", Stream: "downstream", Toxicity: share, Attributes: map[string]int{"timeout": ms}}
}

func bandwidth(kilobytes int) toxic {
	return toxic{Type: "bandwidth", Stream: "downstream", Attributes: map[string]int{"rate": kilobytes}}
}
