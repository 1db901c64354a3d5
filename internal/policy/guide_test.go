package policy

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// guideConfigMap is how the container hardening guide hands its policy out.
const guideConfigMap = `# image-policy-config.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: image-policy-config
  namespace: security
data:
  policy.yaml: |
    apiVersion: image-policy.k8s.io/v1
    kind: ImagePolicy
    rules:
    - name: allowed-registries
      pattern: "^my-registry\\.com/.*"
      action: allow
    - name: blocked-tags
      pattern: ".*:(latest|edge|unstable)$"
      action: deny
      message: "Using mutable tags is not allowed"
    - name: require-digest
      pattern: "^.*@sha256:[a-f0-9]{64}$"
      action: allow
      message: "Images must be referenced by digest"
    - name: block-high-vulnerabilities
      maxSeverity: "MEDIUM"
      maxCVSS: 6.9
`

func TestTheGuidesPolicyMeansWhatItSays(t *testing.T) {
	wrapped, err := Load("image-policy-config.yaml", []byte(guideConfigMap))
	if err != nil {
		t.Fatal(err)
	}
	if len(wrapped) != 1 || wrapped[0].ref.Name != "policy" {
		t.Fatalf("the ConfigMap holds %v", wrapped)
	}
	for _, test := range []struct {
		name, image string
		rules       string // in order of the file
		says        string
	}{
		{"its registry and a digest pass", "my-registry.com/app@" + digest, "", ""},
		{"a tag beside the digest passes", "my-registry.com/app:1.2@" + digest, "", ""},
		{"another registry is denied", "registry.example/app@" + digest, "allowed-registries", "registry.example/app"},
		{"a registry that only begins alike is denied", "my-registry.com.evil.example/app@" + digest, "allowed-registries", ""},
		{"a tag is denied", "my-registry.com/app:1.2", "require-digest", "Images must be referenced by digest"},
		{"latest is denied twice", "my-registry.com/app:latest", "blocked-tags require-digest", "Using mutable tags is not allowed"},
		{"an omitted tag is latest", "my-registry.com/app", "blocked-tags require-digest", "my-registry.com/app:latest"},
		{"nginx is Docker Hub's", "nginx", "allowed-registries blocked-tags require-digest", "docker.io/library/nginx:latest"},
		{"latest beside a digest passes: the digest is what runs", "my-registry.com/app:latest@" + digest, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, p := range []*Policy{wrapped[0], shipped(t, "guide")} {
				found := p.Reference(reference(t, test.image), today)
				var rules, said []string
				for _, v := range found {
					rules, said = append(rules, v.Rule), append(said, v.Message)
				}
				if got := strings.Join(rules, " "); got != test.rules {
					t.Errorf("denied by %q, want %q", got, test.rules)
				}
				if !strings.Contains(strings.Join(said, "\n"), test.says) {
					t.Errorf("it says %q, want %q", said, test.says)
				}
			}
		})
	}
}

func TestTheGuidesThresholds(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*gate.Vulnerability)
		want   string
	}{
		{"HIGH with a fix", func(*gate.Vulnerability) {}, "VULN-SEVERITY"},
		{"MEDIUM scored 6.9", func(v *gate.Vulnerability) { medium(v, 6.9) }, ""},
		{"MEDIUM scored 7.0", func(v *gate.Vulnerability) { medium(v, 7.0) }, "VULN-CVSS"},
		{"MEDIUM scored 9.8", func(v *gate.Vulnerability) { medium(v, 9.8) }, "VULN-CVSS"},
		{"HIGH without a fix is counted only", func(v *gate.Vulnerability) { v.Fixed = "" }, ""},
		{"CRITICAL without a score", func(v *gate.Vulnerability) { v.Severity, v.CVSS = gate.SeverityCritical, nil }, "VULN-SEVERITY"},
		{"MEDIUM without a score counts as 4.0", func(v *gate.Vulnerability) { v.Severity, v.CVSS = gate.SeverityMedium, nil }, ""},
		{"LOW scored by a source nobody knows", func(v *gate.Vulnerability) {
			v.Severity, v.CVSS = gate.SeverityLow, map[string]gate.CVSS{"somebody": {V3Score: 8}}
		}, "VULN-CVSS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ev := sound(t)
			ev.Reference = reference(t, "my-registry.com/app@"+digest)
			vulnerable(ev, test.change)
			v := shipped(t, "guide").Decide(ev, today, false)
			if got := checks(v.Violations); got != test.want {
				t.Errorf("violations %q, want %q", got, test.want)
			}
			if v.Counts.Critical+v.Counts.High+v.Counts.Medium+v.Counts.Low != 1 {
				t.Errorf("counts %+v", v.Counts)
			}
		})
	}
}

func medium(v *gate.Vulnerability, score float64) {
	v.Severity, v.CVSS = gate.SeverityMedium, map[string]gate.CVSS{"nvd": {V3Score: score}}
}
