package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/imagegate/imagegate/internal/gate"
)

// delivery is where a summary is sent beside stdout.
type delivery struct {
	event, source string
	status, label string
	statusToken   string
	target        string
}

func (d *delivery) flags(f *pflag.FlagSet) {
	f.StringVar(&d.event, "cloud-event", "", "URL to POST a CloudEvent to (structured, JSON)")
	f.StringVar(&d.source, "source", "/imagegate/pipelines", "the event's source, for example the run's name")
	f.StringVar(&d.status, "commit-status", "", "URL to POST a commit status to, as GitHub, Gitea and Forgejo have it: …/repos/OWNER/NAME/statuses/SHA")
	f.StringVar(&d.label, "commit-status-context", "imagegate", "the status's context")
	f.StringVar(&d.statusToken, "commit-status-token-file", "", "file of the token for --commit-status; a --credentials directory may hold it as commit-status-token")
	f.StringVar(&d.target, "target-url", "", "where a person reads more")
}

func (d delivery) valid() error {
	for flag, value := range map[string]string{"--cloud-event": d.event, "--commit-status": d.status, "--target-url": d.target} {
		u, err := url.Parse(value)
		if value != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
			return usage("%s %q is no http or https URL", flag, value)
		}
	}
	return nil
}

// send delivers to each place; what fails does not keep the rest from it.
func (d delivery) send(cmd *cobra.Command, c *connection, s summary, now time.Time) error {
	if d.event == "" && d.status == "" {
		return nil
	}
	roots, _, err := c.authorities()
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(cmd.Context(), c.timeout)
	defer stop()
	client := newHTTP(newTransport(roots), c.timeout)
	var failed error
	post := func(to, contentType, token string, body any) {
		p := poster{&caller{http: client, server: host(to), notice: notices(cmd.ErrOrStderr())}}
		failed = errors.Join(failed, p.post(ctx, to, contentType, token, body))
	}
	if d.event != "" {
		post(d.event, "application/cloudevents+json", "", d.cloudEvent(s, now))
	}
	if d.status != "" {
		token, name, err := c.credential("--commit-status-token-file", d.statusToken, "commit-status-token")
		if err != nil {
			return err
		}
		if name == "" {
			token = []byte(os.Getenv("IMAGEGATE_COMMIT_STATUS_TOKEN"))
		}
		post(d.status, "application/json", strings.TrimSpace(string(token)), d.commitStatus(s))
	}
	if failed != nil {
		return gate.NewError(gate.CodeUnavailable, "the summary was not delivered everywhere", failed)
	}
	return nil
}

// cloudEvent is one of CloudEvents 1.0.
func (d delivery) cloudEvent(s summary, now time.Time) any {
	tasks := map[string]string{}
	for _, task := range s.tasks {
		name, status, _ := strings.Cut(task, "=")
		tasks[name] = status
	}
	return map[string]any{
		"specversion": "1.0", "id": uuid.NewString(), "source": d.source, "type": "dev.imagegate.pipeline.finished",
		"time": now.UTC().Format(time.RFC3339), "datacontenttype": "application/json",
		"data": map[string]any{
			"title": s.title, "outcome": s.result(), "tasks": tasks, "image": s.image, "digest": s.digest,
			"decision": s.decision(), "evaluation": s.evaluation, "url": d.target,
		},
	}
}

// commitStatus has the fields GitHub, Gitea and Forgejo share.
func (d delivery) commitStatus(s summary) any {
	state := "success"
	switch {
	case s.verdict != nil && s.verdict.Decision == gate.Errored:
		state = "error"
	case !s.succeeded():
		state = "failure"
	}
	out := map[string]string{"state": state, "context": d.label, "description": short(fmt.Sprintf("%s: %s, verdict %s", s.title, s.result(), s.decision()), 140)}
	if d.target != "" {
		out["target_url"] = d.target
	}
	return out
}

// poster sends JSON.
type poster struct{ *caller }

func (p poster) post(ctx context.Context, to, contentType, token string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", "gatectl/"+version)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := p.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", host(to), cause(err))
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s answers %s", host(to), resp.Status)
	}
	return nil
}

// host names where something is sent without what may be secret in its URL.
func host(to string) string {
	u, err := url.Parse(to)
	if err != nil {
		return "the URL"
	}
	return u.Scheme + "://" + u.Host
}
