package identity

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// A rights file is an error that can be shown, or rights that deny what they do
// not name.
func FuzzParseRights(f *testing.F) {
	for _, s := range []string{whole, "", "callers: []", "callers:\n- &a {name: a}\n- *a\n", "a: [", "callers: {? [a] : b}", "\xff", "callers:\n- {name: a, tokens: [[]]}", "!!binary x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRights("f", data)
		if err != nil {
			if gate.CodeOf(err) != gate.CodeInvalid || len(err.Error()) > 1<<20 {
				t.Errorf("%d bytes of %v", len(err.Error()), gate.CodeOf(err))
			}
			return
		}
		for _, c := range r.callers {
			if !ValidName(c.Name) {
				t.Errorf("a caller has the name %q", c.Name)
			}
			if len(c.Rights) == 0 && (c.MaySome(Read) || c.May(Ask{Verb: Read, Repository: "a/b"})) {
				t.Error("no rights allow something")
			}
			if c.jwt != nil && (c.jwt.issuer == "" || len(c.jwt.audience) == 0 || len(c.jwt.subject) == 0) {
				t.Errorf("%+v takes tokens made for others", c.jwt)
			}
		}
	})
}

// Whatever is sent as a credential, only the one that is known names a caller.
func FuzzAuthenticate(f *testing.F) {
	path := filepath.Join(f.TempDir(), "rights.yaml")
	jwks := `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
	text := "callers:\n- {name: a, token: " + HashOf("known").String() + "}\n- {name: b, jwt: {issuer: https://i.example, audience: g, subject: s, jwksFile: keys.json}}\n"
	for name, data := range map[string]string{path: text, filepath.Join(filepath.Dir(path), "keys.json"): jwks} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	file, err := OpenFile(path)
	if err != nil {
		f.Fatal(err)
	}
	a := NewAuthenticator(file, nil, slog.New(slog.DiscardHandler), time.Now)
	for _, s := range []string{"known", "", NewToken(), "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2kuZXhhbXBsZSJ9.", "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJodHRwczovL2kuZXhhbXBsZSJ9.AAAA", "ey..", strings.Repeat("a", maxBearer+1)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, bearer string) {
		c, err := a.Authenticate(t.Context(), bearer)
		switch {
		case bearer == "known":
			if err != nil || c.Name != "a" {
				t.Errorf("%+v %v", c, err)
			}
		case gate.CodeOf(err) != gate.CodeUnauthorized || c.Name != "":
			t.Errorf("%q is %+v, %v", bearer, c, err)
		case len(err.Error()) > 4096:
			t.Errorf("%d bytes of error", len(err.Error()))
		}
	})
}

// Whatever an issuer's keys are, only public ones of the allowed kinds count: a
// shared secret would let whoever knows it make tokens.
func FuzzKeySet(f *testing.F) {
	for _, s := range []string{
		`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`,
		`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`, `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`, `{"keys":[null]}`, `{}`, `[`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := parseKeySet(data)
		if (err == nil) != (len(keys) > 0) || len(keys) > maxKeys {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		for _, k := range keys {
			if _, secret := k.Key.([]byte); secret || !k.IsPublic() {
				t.Errorf("%T is taken as a public key", k.Key)
			}
		}
	})
}
