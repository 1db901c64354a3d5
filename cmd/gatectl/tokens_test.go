package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"time"
)

// jwt is a token that looks like one and is over after life.
func jwt(name string, life time.Duration) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return part(`{"alg":"none"}`) + "." + part(fmt.Sprintf(`{"sub":%q,"exp":%d}`, name, time.Now().Add(life).Unix())) + "." + part("signature")
}

// allow has the stand-in take a token.
func (g *standIn) allow(token string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens[token] = true
	return token
}

func (g *standIn) good(token string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tokens[token]
}

// githubToken is GitHub's service of identity tokens. Each is good for less
// than gatectl wants to have left, so that every request asks for another.
func (g *standIn) githubToken(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer runner-secret" || r.URL.Query().Get("audience") == "" || r.URL.Query().Get("api-version") != "2" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	n := g.count("identity token for " + r.URL.Query().Get("audience"))
	respond(w, 200, map[string]any{"value": g.allow(jwt(fmt.Sprintf("run-%d", n), 30*time.Second))})
}
