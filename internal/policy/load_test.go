package policy

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestMistakesAreNamedWithTheirLine(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown field", "rules:\n- name: a\n  maxSeverty: HIGH\n", "test.yaml:5: unknown field \"maxSeverty\" in a rule; expected one of action"},
		{"unknown top field", "rule: []\nrules: []\n", "test.yaml:3: unknown field \"rule\" in the policy"},
		{"bad regex", "rules:\n- name: a\n  pattern: '('\n  action: deny\n", "test.yaml:5: rule.pattern is not a regular expression (RE2)"},
		{"bad CEL", "rules:\n- name: a\n  cel:\n    expression: image.(\n", "test.yaml:6: cel.expression does not compile"},
		{"CEL that is no condition", "rules:\n- name: a\n  cel: {expression: '1 + 1'}\n", "yields int, expected bool"},
		{"CEL over what there is not", "rules:\n- name: a\n  cel: {expression: 'picture.ok'}\n", "undeclared reference"},
		{"CVSS above ten", "rules:\n- name: a\n  maxCVSS: 69\n", "test.yaml:5: rule.maxCVSS is \"69\", expected a number from 0 to 10"},
		{"CVSS that is no number", "rules:\n- name: a\n  maxCVSS: .nan\n", "expected a number from 0 to 10"},
		{"a severity nobody uses", "rules:\n- name: a\n  maxSeverity: SEVERE\n", "test.yaml:5: rule.maxSeverity is \"SEVERE\""},
		{"an action", "rules:\n- name: a\n  pattern: x\n  action: maybe\n", "expected allow or deny"},
		{"two kinds", "rules:\n- name: a\n  maxCVSS: 5\n  user: {nonRoot: true}\n", "of several kinds (maxSeverity or maxCVSS, user)"},
		{"no kind", "rules:\n- name: a\n", "test.yaml:4: rule \"a\" demands nothing"},
		{"no name", "rules:\n- maxCVSS: 5\n", "a rule has no name"},
		{"a name twice", "rules:\n- {name: a, maxCVSS: 5}\n- {name: a, maxCVSS: 4}\n", "test.yaml:5: the rule name \"a\" is used twice"},
		{"a bound twice", "rules:\n- {name: a, layers: {maxCount: 5}}\n- {name: b, layers: {maxCount: 6}}\n", "test.yaml:5: layers.maxCount is already given by rule \"a\""},
		{"a size", "rules:\n- {name: a, layers: {maxCompressed: big}}\n", "expected a size such as 500MB"},
		{"a duration", "rules:\n- {name: a, freshness: {database: yesterday}}\n", "expected a duration such as 24h or 7d"},
		{"an unknown check", "rules:\n- {name: a, catalogue: {checks: {USER-99: deny}}}\n", "unknown field \"USER-99\" in catalogue.checks"},
		{"no rules", "metadata: {name: x}\n", "rules are missing"},
		{"rules that are no list", "rules: {}\n", "rules is a mapping, expected a list"},
		{"a rule that is no mapping", "rules: [latest]\n", "a rule is \"latest\", expected a mapping"},
		{"an alias", "rules:\n- &a {name: a, maxCVSS: 5}\n- *a\n", "an alias, which policies do not use"},
		{"not YAML", "rules: [\n", "this is not YAML"},
		{"a waiver without an end", "rules: [{name: a, maxCVSS: 5}]\nwaivers: [{check: MIN-01, image: x, reason: r, owner: o}]\n", "a waiver needs expires"},
		{"a waiver of nothing", "rules: [{name: a, maxCVSS: 5}]\nwaivers: [{image: x, reason: r, owner: o, expires: 2026-01-01}]\n", "names a vulnerability, a check or a rule"},
		{"a waiver of an unknown check", "rules: [{name: a, maxCVSS: 5}]\nwaivers: [{check: MIN-99, image: x, reason: r, owner: o, expires: 2026-01-01}]\n", "no check of the catalogue"},
		{"a waiver with an impossible day", "rules: [{name: a, maxCVSS: 5}]\nwaivers: [{check: MIN-01, image: x, reason: r, owner: o, expires: 2026-02-30}]\n", "expected a date"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load("test.yaml", []byte(header+test.text))
			if err == nil {
				t.Fatal("it loads")
			}
			if gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), test.want) {
				t.Errorf("it says:\n%v\nwant %q", err, test.want)
			}
		})
	}
}

func TestEveryMistakeIsReported(t *testing.T) {
	_, err := Load("test.yaml", []byte(header+"rules:\n- {name: a, maxCVSS: 11}\n- {name: b, maxSeverity: BAD}\n- {name: c}\n"))
	var list *LoadError
	if !errors.As(err, &list) || len(list.Problems) != 3 {
		t.Errorf("got %v", err)
	}
}

func TestMistakesInsideAConfigMapHaveTheOuterLine(t *testing.T) {
	_, err := Load("cm.yaml", []byte("apiVersion: v1\nkind: ConfigMap\ndata:\n  p.yaml: |\n    apiVersion: image-policy.k8s.io/v1\n    kind: ImagePolicy\n    rules:\n    - name: a\n      maxCVSS: 11\n"))
	if err == nil || !strings.Contains(err.Error(), "cm.yaml:9: ") {
		t.Errorf("got %v", err)
	}
}

func TestTheDigestChangesWithTheFile(t *testing.T) {
	a := load(t, "rules: [{name: a, maxCVSS: 5}]")
	b := load(t, "rules: [{name: a, maxCVSS: 5}] ")
	if a.ref.Digest == b.ref.Digest || !strings.HasPrefix(a.ref.Digest, "sha256:") {
		t.Errorf("digests %s and %s", a.ref.Digest, b.ref.Digest)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.yaml")
	if err := os.WriteFile(empty, []byte("# nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	huge := filepath.Join(dir, "huge.yaml")
	if err := os.WriteFile(huge, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{empty: "there is no policy in it", huge: "larger than", filepath.Join(dir, "absent.yaml"): "cannot be read"} {
		if _, err := LoadFile(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestSeveralPoliciesInOneFileAreChosenByRepository(t *testing.T) {
	policies, err := Load("all.yaml", []byte(header+"metadata: {name: team}\nmatch: {repositories: [registry.example/team/*]}\nrules: [{name: a, maxCVSS: 5}]\n---\n"+header+"metadata: {name: default}\nrules: [{name: a, maxCVSS: 6}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	set := NewSet("", policies...)
	for image, want := range map[string]string{"registry.example/team/app": "team", "registry.example/team-b/app": "default", "registry.example/team/sub/app": "default", "nginx": "default"} {
		p, err := set.Select("", reference(t, image))
		if err != nil || p.Ref().Name != want {
			t.Errorf("%s: %v, %v", image, p, err)
		}
	}
	if _, err := set.Select("none", gate.Reference{}); gate.CodeOf(err) != gate.CodeNotFound || !strings.Contains(err.Error(), "team, default") {
		t.Errorf("an unknown name: %v", err)
	}
}

func TestSizesAndDurations(t *testing.T) {
	p := load(t, "rules:\n- {name: l, layers: {maxCompressed: 500MB, maxLayerCompressed: 1.5GiB, maxUncompressed: 1048576, maxWasted: 2 KiB}}\n- {name: f, freshness: {image: 7d, database: 36h}}")
	o := p.options
	if o.MaxCompressed != 500_000_000 || o.MaxLayerCompressed != 3<<29 || o.MaxUncompressed != 1<<20 || o.MaxWasted != 2048 || o.MaxImageAge.Hours() != 168 || o.MaxDatabaseAge.Hours() != 36 {
		t.Errorf("%+v", o)
	}
}

func TestExplainSaysWhatEachShippedPolicyDemands(t *testing.T) {
	for _, p := range Shipped() {
		var b strings.Builder
		if err := Explain(&b, p); err != nil {
			t.Fatal(err)
		}
		for i := range p.rules {
			if r := &p.rules[i]; !strings.Contains(b.String(), r.name) || r.sentence() == "" {
				t.Errorf("%s: rule %s is not explained", p.ref.Name, r.name)
			}
		}
		if !strings.Contains(b.String(), "META-07") {
			t.Errorf("%s: the checks that always count are missing", p.ref.Name)
		}
	}
}

func TestCELSeesTheEvidence(t *testing.T) {
	for expression, want := range map[string]string{
		`image.config.labels["team"] == "a"`:                         "",
		`image.config.labels["team"] == "b"`:                         "the expression is false",
		`image.config.labels["owner"] == "b"`:                        "could not be evaluated",
		`has(image.config.labels) && size(image.config.diffIDs) < 5`: "",
		`image.contents.layers.all(l, l.uncompressedBytes < 3001)`:   "",
		`reference.startsWith("registry.example/")`:                  "",
		`now < timestamp("2026-06-02T00:00:00Z")`:                    "",
		`image.config.user`:                                          "expected true or false",
		`[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, [0,1,2,3,4,5,6,7,8,9].all(d, [0,1,2,3,4,5,6,7,8,9].all(e, [0,1,2,3,4,5,6,7,8,9].all(f, [0,1,2,3,4,5,6,7,8,9].all(g, a+b+c+d+e+f+g >= 0)))))))`: "could not be evaluated",
	} {
		p := load(t, "rules:\n- name: c\n  cel:\n    expression: |\n      "+expression+"\n")
		v := p.Decide(sound(t), today, false)
		said := ""
		if len(v.Violations) > 0 {
			said = v.Violations[0].Message
		}
		if !strings.Contains(said, want) || (want == "") != (v.Decision == gate.Pass) {
			t.Errorf("%s: %s %q, want %q", expression, v.Decision, said, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(guideConfigMap))
	f.Add([]byte(header + "rules: [{name: a, maxCVSS: 5}]\nwaivers: [{check: MIN-01, image: x, reason: r, owner: o, expires: 2026-01-01}]"))
	for _, p := range []string{"default", "strict"} {
		data, err := os.ReadFile("../../policies/" + p + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		policies, err := Load("fuzz.yaml", data)
		if (err == nil) != (len(policies) > 0) {
			t.Fatalf("%d policies and error %v", len(policies), err)
		}
		for _, p := range policies {
			p.Decide(sound(t), today, false)
		}
	})
}
