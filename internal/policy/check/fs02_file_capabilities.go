package check

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// FileCapabilities is FS-02.
var FileCapabilities = &Check{
	ID: "FS-02", Name: "file-capabilities", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Files that carry capabilities in the extended attribute security.capability.",
		Why:     "They give a process a part of root's power without a setuid bit to be seen; some of those parts are as good as all of it.",
		Example: "ping with cap_net_raw is MEDIUM; a program with cap_sys_admin, cap_setuid or cap_dac_override is HIGH.",
		Fix:     "RUN setcap -r on the file, and give the capability to the pod if it is needed.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, f := range c.Capabilities {
			severity := gate.SeverityMedium
			for _, strong := range strongCapabilities {
				if strings.Contains(f.Detail, strong) {
					severity = gate.SeverityHigh
				}
			}
			findings = append(findings, Finding{Severity: severity, Message: fmt.Sprintf("%s carries %s", f.Path, f.Detail), Fix: "setcap -r " + f.Path, Layer: at(f.Layer), Path: f.Path})
		}
		return verdictOn(bounded(findings, "files with capabilities"))
	},
}

// strongCapabilities are as good as root, or near it (capabilities(7)).
var strongCapabilities = []string{
	"cap_sys_admin", "cap_setuid", "cap_setgid", "cap_dac_override", "cap_dac_read_search", "cap_net_admin", "cap_sys_ptrace",
	"cap_sys_module", "cap_sys_rawio", "cap_chown", "cap_fowner", "cap_setfcap", "cap_setpcap", "cap_mknod", "cap_bpf", "cap_mac_admin", "cap_mac_override", "cap_sys_chroot",
}
