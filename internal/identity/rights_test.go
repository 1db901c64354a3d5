package identity

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

var hash = HashOf("a token of the operator's own").String()

var whole = `callers:
- name: ci-shop
  token: ` + hash + `
  jwt: {issuer: https://token.actions.githubusercontent.com, audience: imagegate, subject: "repo:example/shop:*", claims: {environment: production}}
  rights:
  - {verbs: [evaluate, sign, read], repositories: [registry.example/shop/*], policies: [default, strict]}
  limit: {perMinute: 600}
- name: nobody
`

func TestARightsFileIsReadWhole(t *testing.T) {
	r, err := ParseRights("rights.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	c := r.callers[0]
	if len(r.callers) != 2 || c.Name != "ci-shop" || c.PerMinute != 600 || c.jwt.claims["environment"] != "production" || c.jwt.audience[0] != "imagegate" ||
		!c.May(Ask{Sign, "registry.example/shop/web", "strict"}) || c.May(Ask{Rescan, "registry.example/shop/web", ""}) {
		t.Errorf("%+v %+v", c.Caller, c.jwt)
	}
	if len(r.callers[1].Rights) != 0 {
		t.Errorf("a caller without rights has %+v", r.callers[1].Rights)
	}
}

func TestMistakesAreToldWithTheirLineAndWhatMendsThem(t *testing.T) {
	jwt := func(s string) string { return "callers:\n- name: a\n  jwt: {" + s + "}\n" }
	right := func(s string) string { return "callers:\n- name: a\n  rights:\n  - {" + s + "}\n" }
	for name, test := range map[string]struct{ text, want string }{
		"nothing":                   {"", "f:1: this is not what is expected, one YAML document: it is empty"},
		"not YAML":                  {"callers: [", "this is not what is expected"},
		"two documents":             {whole + "---\n" + whole, "more than one document"},
		"no callers":                {"callers: []", "f:1: it names no caller"},
		"an unknown field":          {"caller: []", `f:1: unknown field "caller" in the file; expected one of callers`},
		"an unknown field within":   {"callers:\n- name: a\n  right: []", `f:3: unknown field "right" in caller`},
		"a field twice":             {"callers:\n- name: a\n  name: b", "f:3: caller.name is given twice"},
		"no name":                   {"callers:\n- rights: []", "f:2: the caller has no name"},
		"a name with a slash":       {"callers:\n- name: a/b", `f:2: "a/b" is no name`},
		"the name of another":       {"callers:\n- name: a\n- name: a", `f:3: two callers have the name "a"`},
		"a name of the gate's own":  {"callers:\n- name: token-file", "is no name for a caller"},
		"a token as itself":         {"callers:\n- name: a\n  token: hunter2", "f:3: a token is given as sha256:"},
		"a hash that is too short":  {"callers:\n- name: a\n  token: sha256:00", "64 hexadecimal digits"},
		"a token twice":             {"callers:\n- name: a\n  token: " + hash + "\n- name: b\n  token: [" + hash + "]", "f:5: the token is given twice"},
		"an alias":                  {"callers:\n- &a {name: a}\n- *a", "f:3: caller is an alias"},
		"an unknown verb":           {right("verbs: [write], repositories: [a/*]"), `f:4: "write" is no verb: expected one of evaluate, sign, read, rescan, admin`},
		"no repositories":           {right("verbs: [read]"), "f:4: a right needs verbs and repositories"},
		"an empty repository":       {right(`verbs: [read], repositories: [""]`), "f:4: repositories is empty, expected text"},
		"a pattern that is none":    {right("verbs: [read], repositories: ['a/**/b']"), "** stands for any depth"},
		"a limit of nothing":        {"callers:\n- name: a\n  limit: {perMinute: 0}", "f:3: limit.perMinute is \"0\""},
		"no audience":               {jwt("issuer: https://i.example, subject: a"), "f:3: jwt needs issuer, audience and subject"},
		"an empty audience":         {jwt("issuer: https://i.example, subject: a, audience: []"), "jwt needs issuer, audience and subject"},
		"an issuer over http":       {jwt("issuer: http://i.example, subject: a, audience: b"), `f:3: the issuer "http://i.example" is no https URL`},
		"an issuer that is no URL":  {jwt("issuer: i.example, subject: a, audience: b"), "is no https URL"},
		"everybody":                 {jwt("issuer: https://i.example, subject: '*', audience: b"), `f:3: the subject "*" begins with *`},
		"a rest that is not last":   {jwt("issuer: https://i.example, subject: 'a:**:b', audience: b"), "so it comes last"},
		"claims that are a list":    {jwt("issuer: https://i.example, subject: a, audience: b, claims: [a]"), "claims is a list"},
		"a claim that is a mapping": {jwt("issuer: https://i.example, subject: a, audience: b, claims: {a: {}}"), "a claim's value is a mapping"},
		"keys from two places":      {jwt("issuer: https://i.example, subject: a, audience: b") + "- name: b\n  jwt: {issuer: https://i.example, subject: a, audience: b, jwksFile: x}\n", "f:5: the issuer https://i.example is given with two jwksFile"},
	} {
		_, err := ParseRights("f", []byte(test.text))
		if err == nil || gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats what may be a token", name)
		}
	}
	var many strings.Builder
	many.WriteString("callers:\n")
	for i := range maxCallers + 1 {
		fmt.Fprintf(&many, "- {name: a%d}\n", i)
	}
	if _, err := ParseRights("f", []byte(many.String())); err == nil || !strings.Contains(err.Error(), "at most 1000") {
		t.Errorf("%d callers: %v", maxCallers+1, err)
	}
}

func TestOneRightOfTheCommandLine(t *testing.T) {
	r, err := ParseRight("{verbs: [read], repositories: [a/*]}")
	if err != nil || len(r.Verbs) != 1 || r.Repositories[0] != "a/*" {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := ParseRight("verbs=read"); err == nil || !strings.Contains(err.Error(), "expected a mapping") {
		t.Errorf("%v", err)
	}
}

func TestABrokenFileLeavesTheOldRightsInForce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rights.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(whole)
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	may := func() bool {
		c, err := NewAuthenticator(f, nil, nil, nil).Authenticate(t.Context(), "a token of the operator's own")
		return err == nil && c.May(Ask{Sign, "registry.example/shop/web", ""})
	}
	if changed, err := f.Reload(); changed || err != nil || !may() {
		t.Errorf("unchanged: %t, %v, %t", changed, err, may())
	}
	write("callers: [")
	if changed, err := f.Reload(); changed || err == nil || f.Problem() == nil || !may() {
		t.Errorf("broken: %t, %v, %v, %t", changed, err, f.Problem(), may())
	}
	write(whole)
	if changed, err := f.Reload(); changed || err != nil || f.Problem() != nil {
		t.Errorf("as before: %t, %v, %v", changed, err, f.Problem())
	}
	write(strings.ReplaceAll(whole, "sign, ", ""))
	if changed, err := f.Reload(); !changed || err != nil || may() {
		t.Errorf("without the right: %t, %v, %t", changed, err, may())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Reload(); err == nil || f.Problem() == nil {
		t.Error("a file that is gone is no problem")
	}
	if _, err := OpenFile(path); gate.CodeOf(err) != gate.CodeInvalid {
		t.Errorf("%v", err)
	}
}

func TestTheGuidesExampleLoads(t *testing.T) {
	guide, err := os.ReadFile("../../docs/how-to/callers.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "```yaml\ncallers:")
	text, _, found := strings.Cut(rest, "```")
	r, err := ParseRights("callers.md", []byte("callers:"+text))
	if !found || err != nil {
		t.Fatalf("%t, %v", found, err)
	}
	if len(r.callers) != 3 || !r.callers[0].May(Ask{Evaluate, "registry.example/shop/web", "strict"}) || r.callers[0].May(Ask{Sign, "registry.example/shop/db", ""}) {
		t.Errorf("%+v", r.callers)
	}
}
