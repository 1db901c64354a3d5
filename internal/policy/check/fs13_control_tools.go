package check

import (
	"fmt"
	"path"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// ControlTools is FS-13.
var ControlTools = &Check{
	ID: "FS-13", Name: "control-tools", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Programs that control containers and clusters (docker, ctr, crictl, nerdctl, kubectl, helm, nsenter), sockets of container runtimes, and credentials of a kubelet.",
		Why:     "With a mounted socket or a service account's token they are all that an intruder needs to leave the container.",
		Example: "kubectl in the image of a web server fails, and credentials of a kubelet are HIGH. nsenter is LOW: util-linux and busybox bring it. Images of CI steps need such programs: accept them there by name.",
		Fix:     "Remove the program; where it is the image's purpose, accept it in the policy for that image.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, p := range grouped(ofKinds(c, gate.ProgramControl)) {
			severity, says := gate.SeverityMedium, "controls containers or clusters"
			if !slices.ContainsFunc(p.names, func(n string) bool { return n != "nsenter" }) {
				severity, says = gate.SeverityLow, "enters other namespaces, for a process that may"
			}
			findings = append(findings, p.finding(severity, says, "remove it, or accept it for images whose purpose it is"))
		}
		for _, f := range ofDetail(c.Remote, gate.RemoteDockerSocket, gate.RemoteKubelet) {
			severity, fix := gate.SeverityMedium, "remove it; a mount hides it where it is needed"
			if f.Detail == gate.RemoteKubelet {
				severity, fix = gate.SeverityHigh, "revoke the credentials, and rebuild without them"
			}
			findings = append(findings, Finding{Severity: severity, Message: fmt.Sprintf("%s: %s", f.Path, f.Detail), Fix: fix, Layer: at(f.Layer), Path: f.Path, Subject: path.Base(f.Path)})
		}
		return judged(c, "programs", findings, "programs", "remote")
	},
}
