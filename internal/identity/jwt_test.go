package identity

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/imagegate/imagegate/internal/gate"
)

func shopRights(issuer string) string {
	return fmt.Sprintf(`callers:
- name: shop-production
  jwt: {issuer: %q, audience: imagegate, subject: "repo:example/shop:**", claims: {environment: production, groups: ci, runner: 7, protected: true}}
  rights: [{verbs: [sign], repositories: [registry.example/shop/*]}]
- name: shop
  jwt: {issuer: %q, audience: [imagegate, other], subject: "repo:example/shop:**"}
  rights: [{verbs: [read], repositories: [registry.example/shop/*]}]
`, issuer, issuer)
}

func claims(issuer string, more map[string]any) map[string]any {
	out := map[string]any{"iss": issuer, "aud": "imagegate", "sub": "repo:example/shop:ref:refs/heads/main", "iat": start.Unix(), "nbf": start.Unix(), "exp": start.Add(10 * time.Minute).Unix()}
	maps.Copy(out, more)
	for k, v := range out {
		if v == nil {
			delete(out, k)
		}
	}
	return out
}

func TestAJWTNamesTheFirstCallerItFits(t *testing.T) {
	key := ecKey(t, "k1")
	p := newProvider(t, key)
	r := newRig(t, shopRights(p.URL))
	production := map[string]any{"environment": "production", "groups": []string{"a", "ci"}, "runner": 7, "protected": true}
	for name, test := range map[string]struct {
		claims map[string]any
		want   string
	}{
		"all claims":            {production, "shop-production"},
		"no further claims":     {nil, "shop"},
		"another environment":   {map[string]any{"environment": "staging", "groups": []string{"ci"}, "runner": 7, "protected": true}, "shop"},
		"a claim of a mapping":  {map[string]any{"environment": map[string]string{"production": "production"}}, "shop"},
		"several audiences":     {map[string]any{"aud": []string{"x", "imagegate"}}, "shop"},
		"a caller's second one": {map[string]any{"aud": "other", "environment": "production"}, "shop"},
	} {
		c, err := r.Authenticate(t.Context(), sign(t, key, claims(p.URL, test.claims)))
		if err != nil || c.Name != test.want || c.Kind != KindJWT {
			t.Errorf("%s: %q, %v; want %q", name, c.Name, err, test.want)
		}
	}
}

func TestJWTsThatProveNothingAreRefused(t *testing.T) {
	key, stranger := ecKey(t, "k1"), ecKey(t, "k1")
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rs := jose.JSONWebKey{Key: rsaKey, KeyID: "r1", Algorithm: "RS256", Use: "sig"}
	p := newProvider(t, key, rs)
	r := newRig(t, shopRights(p.URL))
	good := claims(p.URL, nil)
	der, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	hmac := sign(t, jose.JSONWebKey{Key: publicPEM, KeyID: "r1", Algorithm: "HS256"}, good)
	body, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	none := b64([]byte(`{"alg":"none","kid":"k1"}`)) + "." + b64(body) + "."
	valid := sign(t, key, good)
	parts := strings.Split(valid, ".")
	with := func(k jose.JSONWebKey, more map[string]any) string { return sign(t, k, claims(p.URL, more)) }
	embedded, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: stranger.Key}, &jose.SignerOptions{EmbedJWK: true})
	if err != nil {
		t.Fatal(err)
	}
	own, err := jwt.Signed(embedded).Claims(good).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ token, says string }{
		"alg none":                         {none, "signed by a key pair"},
		"alg None":                         {b64([]byte(`{"alg":"None"}`)) + "." + b64(body) + ".", "signed by a key pair"},
		"the public key as an HMAC key":    {hmac, "signed by a key pair"},
		"no signature":                     {parts[0] + "." + parts[1] + ".", ""},
		"another's signature":              {parts[0] + "." + b64([]byte(strings.Replace(string(body), "shop", "evil", 1))) + "." + parts[2], "no key of issuer"},
		"a stranger's key of that id":      {with(stranger, nil), "no key of issuer"},
		"a key that it brings along":       {own, "no key of issuer"},
		"another algorithm than the key's": {with(jose.JSONWebKey{Key: rsaKey, KeyID: "r1", Algorithm: "RS512"}, nil), "no key of issuer"},
		"replayed after its end":           {with(key, map[string]any{"exp": start.Add(-2 * time.Minute).Unix()}), "ended at"},
		"no end":                           {with(key, map[string]any{"exp": nil}), "no end"},
		"not begun":                        {with(key, map[string]any{"nbf": start.Add(2 * time.Minute).Unix()}), "not valid yet"},
		"made in the future":               {with(key, map[string]any{"iat": start.Add(2 * time.Minute).Unix()}), "not valid yet"},
		"made for another service":         {with(key, map[string]any{"aud": "sts.example"}), `audience "sts.example"`},
		"made for nobody":                  {with(key, map[string]any{"aud": nil}), "audience"},
		"another repository":               {with(key, map[string]any{"sub": "repo:example/shop-evil:ref:refs/heads/main"}), "no caller of the rights file has the subject"},
		"no subject":                       {with(key, map[string]any{"sub": nil}), "has the subject"},
		"an issuer that is not pinned":     {with(key, map[string]any{"iss": "https://evil.example"}), "https://evil.example"},
		"the issuer with a slash":          {with(key, map[string]any{"iss": p.URL + "/"}), "no caller"},
		"no issuer":                        {with(key, map[string]any{"iss": nil}), "no caller"},
		"oversized":                        {with(key, map[string]any{"x": strings.Repeat("a", maxBearer)}), "more than 16384 bytes"},
		"claims that are no object":        {parts[0] + "." + b64([]byte(`[]`)) + "." + parts[2], ""},
	} {
		c, err := r.Authenticate(t.Context(), test.token)
		if gate.CodeOf(err) != gate.CodeUnauthorized || c.Name != "" || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %q, %v; want %q", name, c.Name, err, test.says)
		}
	}
	for name, more := range map[string]map[string]any{
		"ended within the leeway":  {"exp": start.Add(-50 * time.Second).Unix()},
		"begins within the leeway": {"nbf": start.Add(50 * time.Second).Unix(), "iat": start.Add(50 * time.Second).Unix()},
		"an RSA key beside the EC": nil,
	} {
		k := key
		if more == nil {
			k = rs
		}
		if _, err := r.Authenticate(t.Context(), with(k, more)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRotatedKeysAreFetchedAndOldOnesForgotten(t *testing.T) {
	first, second := ecKey(t, "k1"), ecKey(t, "k2")
	p := newProvider(t, first)
	r := newRig(t, shopRights(p.URL))
	ask := func(k jose.JSONWebKey) gate.Code {
		t.Helper()
		_, err := r.Authenticate(t.Context(), sign(t, k, claims(p.URL, map[string]any{"exp": r.at.Add(time.Minute).Unix()})))
		if err == nil {
			return ""
		}
		return gate.CodeOf(err)
	}
	expect := func(what string, k jose.JSONWebKey, code gate.Code, asked int) {
		t.Helper()
		if got := ask(k); got != code || p.asked != asked {
			t.Errorf("%s: %q after asking %d times, want %q after %d", what, got, p.asked, code, asked)
		}
	}
	expect("the first key", first, "", 1)
	expect("again", first, "", 1)
	p.change(func() { p.keys = []jose.JSONWebKey{second} })
	expect("a new key a moment later", second, gate.CodeUnavailable, 1)
	*r.at = r.at.Add(betweenAsks)
	expect("a new key", second, "", 2)
	expect("the one that was withdrawn, a moment later", first, gate.CodeUnavailable, 2)
	*r.at = r.at.Add(betweenAsks)
	expect("the one that was withdrawn", first, gate.CodeUnauthorized, 3)
	for range 20 {
		ask(ecKey(t, "junk"))
	}
	expect("whatever ids are sent", second, "", 3)
	*r.at = r.at.Add(freshKeys + time.Second)
	p.change(func() { p.keys = []jose.JSONWebKey{first} })
	expect("a key that was withdrawn while it was fresh", second, gate.CodeUnauthorized, 4)
}

func TestAnIssuerThatIsAwayIsNoReasonToRefuse(t *testing.T) {
	key := ecKey(t, "k1")
	p := newProvider(t, key)
	p.away = true
	r := newRig(t, shopRights(p.URL))
	token := func() string {
		return sign(t, key, claims(p.URL, map[string]any{"exp": r.at.Add(time.Minute).Unix()}))
	}
	if _, err := r.Authenticate(t.Context(), token()); gate.CodeOf(err) != gate.CodeUnavailable || !gate.Retryable(err) {
		t.Errorf("never seen: %v", err)
	}
	p.change(func() { p.away = false })
	*r.at = r.at.Add(betweenAsks)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Authenticate(gone, token()); err != nil {
		t.Errorf("a caller that went away takes the keys from the next: %v", err)
	}
	p.change(func() { p.away = true })
	*r.at = r.at.Add(time.Hour)
	if _, err := r.Authenticate(t.Context(), token()); err != nil {
		t.Errorf("away for an hour: %v", err)
	}
	*r.at = r.at.Add(staleKeys)
	if _, err := r.Authenticate(t.Context(), token()); gate.CodeOf(err) != gate.CodeUnavailable {
		t.Errorf("away for a day: %v", err)
	}
}

func TestDiscoveryLeadsNowhereElse(t *testing.T) {
	key := ecKey(t, "k1")
	for name, change := range map[string]func(*provider){
		"another issuer's document": func(p *provider) { p.issuer = "https://other.example" },
		"keys over http":            func(p *provider) { p.jwksURI = "http://keys.example/keys" },
		"keys in a file":            func(p *provider) { p.jwksURI = "file:///etc/passwd" },
		"a redirect":                func(p *provider) { p.redirect = "https://other.example/" },
		"no keys":                   func(p *provider) { p.keys = nil },
		"a key that is too short": func(p *provider) {
			weak, err := rsa.GenerateKey(rand.Reader, 1024)
			if err != nil {
				t.Fatal(err)
			}
			p.keys = []jose.JSONWebKey{{Key: weak, KeyID: "k1"}}
		},
		"a shared key": func(p *provider) { p.keys = []jose.JSONWebKey{{Key: []byte("0123456789abcdef"), KeyID: "k1"}} },
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, key)
			change(p)
			r := newRig(t, shopRights(p.URL))
			if _, err := r.Authenticate(t.Context(), sign(t, key, claims(p.URL, nil))); gate.CodeOf(err) != gate.CodeUnavailable {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestKeysOfAFileNeedNoIssuer(t *testing.T) {
	old, fresh := ecKey(t, "k1"), ecKey(t, "") // Kubernetes names keys; others may not
	const issuer = "https://kubernetes.default.svc.cluster.local"
	dir := t.TempDir()
	keys := func(k ...jose.JSONWebKey) {
		t.Helper()
		data, err := json.Marshal(jose.JSONWebKeySet{Keys: k})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "keys.json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keys(old.Public())
	path := filepath.Join(dir, "rights.yaml")
	if err := os.WriteFile(path, []byte(`callers: [{name: cluster, jwt: {issuer: `+issuer+`, audience: imagegate, subject: "system:serviceaccount:shop:*", jwksFile: keys.json}}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a := NewAuthenticator(f, nil, nil, func() time.Time { return start })
	ask := func(k jose.JSONWebKey) error {
		_, err := a.Authenticate(t.Context(), sign(t, k, claims(issuer, map[string]any{"sub": "system:serviceaccount:shop:ci"})))
		return err
	}
	if err := ask(old); err != nil {
		t.Error(err)
	}
	if err := ask(fresh); gate.CodeOf(err) != gate.CodeUnauthorized {
		t.Errorf("a key that is not in the file: %v", err)
	}
	keys(fresh.Public())
	if changed, err := f.Reload(); !changed || err != nil {
		t.Errorf("%t, %v", changed, err)
	}
	if err := ask(fresh); err != nil {
		t.Errorf("after the file changed: %v", err)
	}
	keys()
	if _, err := f.Reload(); err == nil || !strings.Contains(err.Error(), "no public key for signatures") {
		t.Errorf("an empty file: %v", err)
	}
	if err := ask(fresh); err != nil {
		t.Errorf("with an empty file the old keys are not in force: %v", err)
	}
}
