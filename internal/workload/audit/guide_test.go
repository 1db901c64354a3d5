package audit

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

var update = flag.Bool("update", false, "write the golden files again")

// weaknesses are what must be found in the manifests of the hardening guide:
// file, check, object and part of the message.
var weaknesses = []struct{ file, check, name, says string }{
	{"security-context", "W-26", "secure-app", `tag "1.0.0"`},
	{"security-context", "W-22", "secure-app", "memory and ephemeral-storage"},

	{"pod-security-standards", "W-00", "restricted", "removed in Kubernetes 1.25"},
	{"pod-security-standards", "W-34", "secure-apps", "not pinned"},

	{"read-only-app", "W-02", "read-only-app", "who it runs as"},
	{"read-only-app", "W-06", "read-only-app", "capabilities"},
	{"read-only-app", "W-07", "read-only-app", "allowPrivilegeEscalation"},
	{"read-only-app", "W-18", "read-only-app", "no seccomp profile"},
	{"read-only-app", "W-22", "read-only-app", "memory"},
	{"read-only-app", "W-25", "read-only-app", `"tmp" has no sizeLimit`},
	{"read-only-app", "W-25", "read-only-app", `"logs" has no sizeLimit`},

	{"advanced-readonly", "W-25", "advanced-readonly", "may fill memory"},
	{"advanced-readonly", "W-22", "advanced-readonly", "memory"},
	{"advanced-readonly", "W-26", "advanced-readonly", `tag "1.25-alpine"`},
	{"advanced-readonly", "W-06", "advanced-readonly", "capabilities"},

	{"resource-limits", "W-02", "resource-limited-app", "who it runs as"},
	{"resource-limits", "W-04", "resource-limited-app", "writable"},

	{"quality-of-service", "W-22", "guaranteed-qos", "ephemeral-storage"},
	{"quality-of-service", "W-04", "burstable-qos", "writable"},

	{"trivy-scan-job", "W-26", "trivy-scan", `tag "0.45"`},
	{"trivy-scan-job", "W-02", "trivy-scan", "who it runs as"},
	{"trivy-scan-job", "W-04", "trivy-scan", "writable"},

	{"image-scanner-webhook", "W-00", "image-scanner", "illegal base64"},
	{"image-scanner-webhook", "W-07", "image-scanner-webhook", "allowPrivilegeEscalation"},
	{"image-scanner-webhook", "W-18", "image-scanner-webhook", "no seccomp profile"},
	{"image-scanner-webhook", "W-26", "image-scanner-webhook", `tag "1.0.0"`},

	{"native-secrets", "W-41", "app-database-secret", "base64 is no encryption"},
	{"native-secrets", "W-39", "app-with-secrets", "DB_PASSWORD"},
	{"native-secrets", "W-36", "app-with-secrets", "token of the account default"},
	{"native-secrets", "W-26", "app-with-secrets", `tag "1.0.0"`},
	{"native-secrets", "W-02", "app-with-secrets", "who it runs as"},

	{"sealed-secrets", "W-42", "app-database-secret", "not sealed, or were cut"},

	{"vault-agent-sidecar", "W-42", "app-with-vault", `has a container "vault-agent" of its own`},
	{"vault-agent-sidecar", "W-42", "app-with-vault", `mounts its own volume "vault-secrets"`},
	{"vault-agent-sidecar", "W-26", "app-with-vault", `tag "1.15.0"`},
	{"vault-agent-sidecar", "W-25", "app-with-vault", `"vault-secrets" has no sizeLimit`},
	{"vault-agent-sidecar", "W-22", "app-with-vault", "memory"},

	{"external-secrets", "W-42", "vault-backend", "no longer served since External Secrets 0.17"},
	{"external-secrets", "W-42", "database-secrets", "no longer served since External Secrets 0.17"},

	{"complete-secure-deployment", "W-26", "secure-app", `the digest "sha256:a1b2c3d4e5f6..." is ill-formed`},
	{"complete-secure-deployment", "W-25", "secure-app", `"vault-secrets" has no sizeLimit`},

	{"complete-secure-deployment", "W-33", "secure-app-policy", "the label name: monitoring"},
	{"complete-secure-deployment", "W-33", "secure-app-policy", "the label name: secure-production"},
	{"complete-secure-deployment", "W-33", "secure-app-policy", "the label name: kube-system"},
	{"complete-secure-deployment", "W-42", "secure-app", "names no secret"},
	{"complete-secure-deployment", "W-42", "secure-app", "mounts no service account token"},

	{"security-pipeline", "W-00", "secure-image-pipeline", "deprecated"},

	{"security-monitoring", "W-08", "security-monitor", "privileged"},
	{"security-monitoring", "W-13", "security-monitor", `mounts "/proc" of the node`},
	{"security-monitoring", "W-13", "security-monitor", `mounts "/sys" of the node`},
	{"security-monitoring", "W-13", "security-monitor", `mounts "/etc/os-release" of the node`},
	{"security-monitoring", "W-22", "security-monitor", "memory"},
	{"security-monitoring", "W-26", "security-monitor", `tag "0.36.0"`},
}

// auditGuide audits one file of the guide as the command line does.
func auditGuide(t *testing.T, file string) []Finding {
	t.Helper()
	data, err := os.ReadFile("testdata/guide/" + file + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	findings, err := CheckManifests(file+".yaml", data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func TestEveryWeaknessOfTheGuideIsFound(t *testing.T) {
	found := map[string][]Finding{}
	for _, w := range weaknesses {
		if _, ok := found[w.file]; !ok {
			found[w.file] = auditGuide(t, w.file)
		}
		if !slices.ContainsFunc(found[w.file], func(f Finding) bool {
			return f.Check == w.check && f.Name == w.name && strings.Contains(f.Message, w.says) && f.Line > 0
		}) {
			t.Errorf("%s: %s does not find %q in %s", w.file, w.check, w.says, w.name)
		}
	}
}

func TestTheGuideIsFoundAsBefore(t *testing.T) {
	b, err := manifest.ReadPath("testdata/guide")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for _, f := range Run(Input{Objects: b.Objects}) {
		patch := ""
		if len(f.Patch) > 0 {
			patch = " (patch)"
		}
		outcome := ""
		if f.Outcome != "" {
			outcome = " " + f.Outcome
		}
		fmt.Fprintf(&got, "%s %s%s %s %s: %s%s\n", f.Severity, f.Check, outcome, strings.TrimPrefix(f.place(), "testdata/guide/"), f.subject(), f.Message, patch)
	}
	const golden = "testdata/guide.golden"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the findings changed: see them with -update and git diff\n%s", got.String())
	}
}

// TestTheGuideCanBeMended applies every patch together: the findings that had
// one must be gone, and no object be worse.
func TestTheGuideCanBeMended(t *testing.T) {
	b, err := manifest.ReadPath("testdata/guide")
	if err != nil {
		t.Fatal(err)
	}
	before := Run(Input{Objects: b.Objects})
	var mended []*manifest.Object
	for _, o := range b.Objects {
		m, err := Mend(o, before)
		if err != nil {
			t.Fatal(err)
		}
		data, err := m.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := manifest.Read(o.File, bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		mended = append(mended, again...)
	}
	key := func(f Finding) string { return f.Check + f.subject() + f.Field + f.Message }
	had := map[string]bool{}
	for _, f := range before {
		had[key(f)] = len(f.Patch) == 0
	}
	for _, f := range Run(Input{Objects: mended}) {
		if without, ok := had[key(f)]; ok && !without {
			t.Errorf("%s is still found in %s after its patch: %s", f.Check, f.subject(), f.Message)
		} else if !ok {
			t.Errorf("%s is new in %s: %s", f.Check, f.subject(), f.Message)
		}
	}
}
