//go:build goexperiment.jsonv2

package corpus

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// trivyModule is the directory of Trivy's module in the module cache, where its
// own test images and database fixtures lie.
var trivyModule = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aquasecurity/trivy").Output()
	return strings.TrimSpace(string(out)), err
})

// trivyTestdata is a file of Trivy's module.
func trivyTestdata(t testing.TB, name string) string {
	t.Helper()
	dir, err := trivyModule()
	if err != nil {
		t.Fatalf("Trivy's module cannot be found: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// ours are advisories for the base of the traps.
const ours = `
- bucket: data-source
  pairs:
    - key: wolfi
      value: {ID: wolfi, Name: Wolfi Secdb, URL: "https://packages.wolfi.dev/os/security.json"}
- bucket: wolfi
  pairs:
    - bucket: openssl
      pairs:
        - key: CVE-2023-5363
          value: {FixedVersion: 3.1.4-r0}
- bucket: debian 12
  pairs:
    - bucket: curl
      pairs:
        - key: CVE-2023-38545
          value: {FixedVersion: 7.88.1-10+deb12u4}
- bucket: vulnerability
  pairs:
    - key: CVE-2023-38545
      value:
        Title: "curl: heap based buffer overflow in the SOCKS5 proxy handshake"
        Severity: CRITICAL
        VendorSeverity: {nvd: 4}
        CVSS: {nvd: {V3Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", V3Score: 9.8}}
`

// fixtures are advisories, ours and those that Trivy tests itself with.
func fixtures() ([][]byte, error) {
	dir, err := trivyModule()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "integration", "testdata", "fixtures", "db", "*.yaml"))
	if err != nil {
		return nil, err
	}
	all := [][]byte{[]byte(ours)}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}
