package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// large is an image with as much in it as a large real one has.
func large() *Input {
	in := sound()
	in.Image = &in.Evidence.Images[0]
	c, config := in.Image.Contents, &in.Image.Config
	for i := range 40 {
		config.Env = append(config.Env, fmt.Sprintf("VARIABLE_%d=/opt/app/%d/bin", i, i))
		config.History = append(config.History, gate.History{CreatedBy: fmt.Sprintf("RUN |1 VERSION=1.%d /bin/sh -c apt-get update && apt-get install -y --no-install-recommends libthing%d=1.%d && rm -rf /var/lib/apt/lists/* # buildkit", i, i, i), EmptyLayer: i > 0})
		c.Setuid = append(c.Setuid, gate.File{Path: fmt.Sprintf("/usr/bin/tool%d", i), Mode: 0o4755})
		c.Programs = append(c.Programs, gate.Program{Kind: gate.ProgramNetwork, File: gate.File{Path: fmt.Sprintf("/usr/bin/net%d", i)}})
		c.Hooks = append(c.Hooks, gate.File{Path: fmt.Sprintf("/etc/cron.daily/job%d", i), Detail: "cron"})
	}
	for i := range 1000 {
		c.WorldWritable = append(c.WorldWritable, gate.File{Path: fmt.Sprintf("/srv/data/%d", i), Mode: 0o666})
		in.Image.Scan.Packages = append(in.Image.Scan.Packages, gate.Package{Name: fmt.Sprintf("package%d", i), Type: "debian", Version: "1.2", Licenses: []string{"MIT OR Apache-2.0"}})
		in.Image.Scan.Vulnerabilities = append(in.Image.Scan.Vulnerabilities, gate.Vulnerability{ID: fmt.Sprintf("CVE-2026-%d", i), Package: "package1"})
	}
	return in
}

// BenchmarkFamilies is what deciding costs, by family; reading what they decide
// over costs a hundred times as much (docs/BENCHMARKS.md).
func BenchmarkFamilies(b *testing.B) {
	families := map[string][]*Check{}
	for _, c := range All() {
		name, _, _ := strings.Cut(c.ID, "-")
		families[name] = append(families[name], c)
	}
	in := large()
	for _, name := range []string{"META", "BASE", "USER", "CONF", "ENV", "HIST", "FS", "MIN", "CRED", "SCAN", "SUP"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				in.Reading = &Reading{} // as each decision has its own
				for _, c := range families[name] {
					one := *in
					if !c.PerImage {
						one.Image = nil
					}
					c.Decide(one)
				}
			}
		})
	}
}
