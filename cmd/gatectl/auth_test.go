package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestExpiryIsReadFromTokensThatSayIt(t *testing.T) {
	soon := time.Now().Add(time.Minute).Truncate(time.Second)
	for _, test := range []struct {
		name, token string
		want        time.Time
	}{
		{"a token that ends in a minute", jwt("x", time.Minute), soon},
		{"a token of the gate's own", "correct-horse", time.Time{}},
		{"three parts that are none", "a.b.c", time.Time{}},
		{"an end beyond all time", "a.eyJleHAiOjFlMzB9.c", time.Time{}},
		{"nothing", "", time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := expiry(test.token); got.Sub(test.want).Abs() > 2*time.Second {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

func TestATokenFileThatIsRenewedCountsAndOneThatIsGoneDoesNot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	c := &connection{tokenFile: file, auth: auth{mode: "auto"}}
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one\n")
	tokens, _, err := c.tokens(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		if got, err := tokens(context.Background()); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	expect("one")
	write("two\n")
	expect("two")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	expect("one") // what the command began with
}

func TestEveryAttemptBringsTheTokenOfNowAndTheKeyOfTheRequest(t *testing.T) {
	var tokens, keys []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens, keys = append(tokens, r.Header.Get("Authorization")), append(keys, r.Header.Get("Idempotency-Key"))
		if len(tokens) < 3 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	n := 0
	h := newHTTP(newTransport(nil), time.Second)
	h.Transport = bearer{h.Transport, func(context.Context) (string, error) { n++; return fmt.Sprintf("t%d", n), nil }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&caller{http: h, server: server.URL, notice: func(string) {}}).Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", resp, err)
	}
	if want := []string{"Bearer t1", "Bearer t2", "Bearer t3"}; !slices.Equal(tokens, want) {
		t.Errorf("tokens %v, want %v", tokens, want)
	}
	if len(keys) != 3 || keys[0] == "" || keys[0] != keys[1] || keys[1] != keys[2] {
		t.Errorf("keys %v", keys)
	}
}

func TestATokenOfGitHubIsKeptUntilItIsAboutToEnd(t *testing.T) {
	asked := 0
	life := time.Hour
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 3 {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		respond(w, 200, map[string]string{"value": jwt(fmt.Sprint(asked), life)})
	}))
	defer server.Close()
	g := &githubTokens{url: server.URL, bearer: "runner-secret", audience: "imagegate", notice: func(string) {}}
	get := func() string {
		t.Helper()
		token, err := g.token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	one := get()
	if get() != one || asked != 1 {
		t.Fatalf("a token of an hour was asked for %d times", asked)
	}
	g.expires, life = time.Now().Add(renewBefore/2), renewBefore/2
	two := get()
	if two == one || asked != 2 {
		t.Fatalf("a token that is about to end was asked for %d times", asked)
	}
	if get() != two || asked != 3 {
		t.Error("a token that is good yet was given up when GitHub refused another")
	}
	g.expires, asked = time.Now().Add(-time.Second), 2
	if token, err := g.token(t.Context()); err == nil {
		t.Errorf("GitHub refuses, and the token is %q", token)
	}
}
