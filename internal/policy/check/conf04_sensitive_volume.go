package check

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// SensitiveVolume is CONF-04.
var SensitiveVolume = &Check{
	ID: "CONF-04", Name: "sensitive-volume", Severity: gate.SeverityHigh, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "VOLUMEs over system directories.",
		Why:      "A volume is writable even where the root file system is read-only, and hides what the image has there.",
		Example:  "VOLUME /etc, /proc/, /./usr and /var/run/docker.sock fail; VOLUME /data passes.",
		Fix:      "Declare a volume only where the program keeps its data.",
		Controls: []string{"CIS Docker 5.5"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, v := range in.Image.Config.Volumes {
			if clean := path.Clean("/" + v); sensitive(clean) {
				findings = append(findings, Finding{Message: fmt.Sprintf("VOLUME %.100q is over the system directory %s", v, clean), Fix: "declare a volume only where the program keeps its data", Path: clean})
			}
		}
		return verdictOn(bounded(findings, "volumes"))
	},
}

// sensitive reports whether a cleaned path is a system directory, or lies
// inside one that the kernel serves.
func sensitive(p string) bool {
	if slices.Contains([]string{
		"/", "/etc", "/usr", "/usr/bin", "/usr/sbin", "/usr/lib", "/bin", "/sbin", "/lib", "/lib64", "/proc", "/sys", "/dev", "/root", "/boot",
		"/run", "/var/run", "/var", "/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock",
	}, p) {
		return true
	}
	return strings.HasPrefix(p, "/proc/") || strings.HasPrefix(p, "/sys/") || (strings.HasPrefix(p, "/dev/") && p != "/dev/shm")
}
