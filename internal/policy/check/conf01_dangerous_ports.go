package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// DangerousPorts is CONF-01.
var DangerousPorts = &Check{
	ID: "CONF-01", Name: "dangerous-ports", Severity: gate.SeverityHigh, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Ports of remote control in the config's ExposedPorts: ssh, telnet, ftp, rsh, the Docker and kubelet APIs, RDP, VNC, X11.",
		Why:      "A service that offers them is one that people log in to, not one that serves.",
		Example:  "EXPOSE 22 and EXPOSE 20-23 fail, EXPOSE 8080 passes. Read from the config: BuildKit's history hides it.",
		Fix:      "Remove the service and its EXPOSE; where it is the image's purpose (sftp, git), accept the port in the policy.",
		Controls: []string{"CIS Docker 5.7"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, spec := range in.Image.Config.ExposedPorts {
			for _, d := range dangerousPorts {
				if exposes(spec, d.port) && !slices.Contains(in.Options.AllowedPorts, fmt.Sprint(d.port)) {
					findings = append(findings, Finding{Subject: fmt.Sprint(d.port), Message: fmt.Sprintf("port %d (%s) is exposed", d.port, d.service), Fix: "remove the service, or accept the port in the policy"})
				}
			}
		}
		return verdictOn(findings)
	},
}

var dangerousPorts = []struct {
	port    int
	service string
}{
	{21, "ftp"}, {22, "ssh"}, {2222, "ssh"}, {23, "telnet"}, {111, "rpcbind"}, {512, "rexec"}, {513, "rlogin"}, {514, "rsh"},
	{2375, "Docker API"}, {2376, "Docker API"}, {3389, "RDP"}, {5900, "VNC"}, {6000, "X11"}, {10250, "kubelet API"},
}

// exposes reports whether a port or range, as "22/tcp" or "20-23", holds port.
func exposes(spec string, port int) bool {
	numbers, _, _ := strings.Cut(spec, "/")
	low, high, isRange := strings.Cut(numbers, "-")
	from, ok := portNumber(low)
	if !ok {
		return false
	}
	to := from
	if isRange {
		if to, ok = portNumber(high); !ok {
			return false
		}
	}
	return from <= port && port <= to
}

// portNumber reads a port; ok is false for anything that is none.
func portNumber(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0 && n < 1<<16
}
