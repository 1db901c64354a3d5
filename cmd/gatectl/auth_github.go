package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// renewBefore is how long before its end a token is asked for anew.
const renewBefore = time.Minute

// tokenTime bounds the asking.
const tokenTime = 30 * time.Second

// githubTokens asks GitHub for the job's identity tokens. They live for
// minutes, so that a long wait needs several.
type githubTokens struct {
	url, bearer, audience string
	notice                func(string)

	mu      sync.Mutex // guards what follows, and lets one request ask
	last    string
	expires time.Time
}

func (g *githubTokens) token(ctx context.Context) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last != "" && time.Until(g.expires) > renewBefore {
		return g.last, nil
	}
	token, err := g.ask(ctx)
	if err != nil {
		if g.last != "" && time.Now().Before(g.expires) {
			return g.last, nil //nolint:nilerr // still good, and the next request asks again
		}
		return "", err
	}
	g.last, g.expires = token, expiry(token)
	return token, nil
}

func (g *githubTokens) ask(ctx context.Context) (string, error) {
	ctx, stop := context.WithTimeout(ctx, tokenTime)
	defer stop()
	fail := func(why string) error {
		return gate.NewError(gate.CodeUnauthorized, "GitHub gives the job no identity token: "+why, nil)
	}
	u, err := url.Parse(g.url)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Hostname() != "127.0.0.1") {
		return "", fail("ACTIONS_ID_TOKEN_REQUEST_URL is no https URL")
	}
	q := u.Query()
	q.Set("audience", g.audience)
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", fail("ACTIONS_ID_TOKEN_REQUEST_URL is no URL")
	}
	req.Header.Set("Authorization", "Bearer "+g.bearer)
	req.Header.Set("Accept", "application/json")
	c := caller{http: newHTTP(newTransport(nil), tokenTime), server: "GitHub's token service", notice: g.notice}
	resp, err := c.Do(req)
	if err != nil {
		return "", fail(cause(err).Error())
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return "", fail("it answers " + resp.Status + "; does the job have permissions id-token: write")
	}
	var answer struct {
		Value string `json:"value"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", fail("its answer is not what it is documented to be")
	}
	return wellFormedToken(answer.Value, "GitHub's answer")
}
