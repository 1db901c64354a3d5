package gate_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestImportRules holds who may know what: each heavy library has one importer,
// and the domain has none.
func TestImportRules(t *testing.T) {
	const module = "github.com/imagegate/imagegate/"
	heavy := map[string]string{
		"github.com/aquasecurity/trivy/": module + "internal/scan",
		"github.com/sigstore/cosign/":    module + "internal/sign",
		"github.com/gin-gonic/gin/":      module + "server",
		"database/sql":                   module + "internal/store",
		"k8s.io/":                        module + "internal/workload",
		"go.opentelemetry.io/":           module + "internal/trace",
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		packages++
		for _, imported := range fields[1:] {
			for prefix, importer := range heavy {
				if strings.HasPrefix(imported+"/", prefix) && !strings.HasPrefix(fields[0], importer) {
					t.Errorf("%s imports %s, which only %s may", fields[0], imported, importer)
				}
			}
		}
	}
	if packages < 10 {
		t.Fatalf("%d packages were looked at", packages)
	}
	for _, domain := range []string{"internal/gate", "internal/policy", "internal/policy/check", "internal/identity", "client", "cmd/gatectl"} {
		out, err := exec.Command("go", "list", "-deps", module+domain).Output()
		if err != nil {
			t.Fatal(err)
		}
		for dep := range strings.Lines(string(out)) {
			for prefix := range heavy {
				if dep := strings.TrimSpace(dep); dep == prefix || (strings.HasSuffix(prefix, "/") && strings.HasPrefix(dep, prefix)) {
					t.Errorf("%s depends on %s", domain, dep)
				}
			}
			if own, ok := strings.CutPrefix(strings.TrimSpace(dep), module); ok && domain != "client" && domain != "cmd/gatectl" && !strings.HasPrefix(own, "internal/gate") && !strings.HasPrefix(own, "internal/policy") && own != "policies" && own != domain {
				t.Errorf("%s depends on %s: the domain knows no adapter", domain, own)
			}
		}
	}
}
