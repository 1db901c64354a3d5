package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// provider is an OpenID Connect issuer on this machine.
type provider struct {
	*httptest.Server
	mu       sync.Mutex
	keys     []jose.JSONWebKey
	asked    int
	away     bool
	issuer   string // what discovery says, where it is not the URL
	jwksURI  string
	redirect string
}

func newProvider(t testing.TB, keys ...jose.JSONWebKey) *provider {
	t.Helper()
	p := &provider{keys: keys}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch {
		case p.away:
			http.Error(w, "away", http.StatusBadGateway)
		case p.redirect != "":
			http.Redirect(w, r, p.redirect, http.StatusFound)
		case r.URL.Path == "/.well-known/openid-configuration":
			p.asked++
			d := map[string]string{"issuer": p.URL, "jwks_uri": p.URL + "/keys"}
			if p.issuer != "" {
				d["issuer"] = p.issuer
			}
			if p.jwksURI != "" {
				d["jwks_uri"] = p.jwksURI
			}
			_ = json.NewEncoder(w).Encode(d)
		case r.URL.Path == "/keys":
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: p.public()})
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) public() (out []jose.JSONWebKey) {
	for _, k := range p.keys {
		out = append(out, k.Public())
	}
	return out
}

func (p *provider) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func ecKey(t testing.TB, kid string) jose.JSONWebKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: k, KeyID: kid, Algorithm: "ES256", Use: "sig"}
}

// sign makes a JWT with a key.
func sign(t testing.TB, key jose.JSONWebKey, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// rig is an authenticator whose clock the test sets.
type rig struct {
	*Authenticator
	at *time.Time
}

var start = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func newRig(t testing.TB, rights string) rig {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rights.yaml")
	if err := os.WriteFile(path, []byte(rights), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := start
	return rig{NewAuthenticator(f, nil, slog.New(slog.DiscardHandler), func() time.Time { return at }), &at}
}
