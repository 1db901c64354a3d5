package check

import (
	"path"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// NetDebugTools is MIN-03.
var NetDebugTools = &Check{
	ID: "MIN-03", Name: "net-debug-tools", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Programs that move data over the network or look into other processes: curl, wget, nc, socat, ssh, dig, tcpdump, strace, gdb and their like, by links too.",
		Why:     "An intruder fetches the next tool with them, sends out what was found, and reads secrets from memory.",
		Example: "curl in the image of a web server fails; the one that HEALTHCHECK uses is LOW; busybox's applets come as one finding.",
		Fix:     "Copy only what runs into the last stage; use kubectl debug to look into a running pod.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var checks, others []gate.Program
		for _, p := range ofKinds(c, gate.ProgramNetwork, gate.ProgramDebug) {
			if mentions(in.Image.Config.Healthcheck, path.Base(p.Path)) {
				checks = append(checks, p)
			} else {
				others = append(others, p)
			}
		}
		var findings []Finding
		for _, p := range grouped(others) {
			says := "moves data over the network"
			if p.Kind == gate.ProgramDebug {
				says = "looks into processes or traffic"
			}
			findings = append(findings, p.finding(gate.SeverityMedium, says, "leave it out of the last stage; kubectl debug brings tools to a running pod"))
		}
		for _, p := range grouped(checks) {
			findings = append(findings, p.finding(gate.SeverityLow, "is there for HEALTHCHECK, and serves an intruder as well", "let the program itself answer a health check; Kubernetes ignores HEALTHCHECK and probes by httpGet"))
		}
		return judged(c, "programs", findings, "programs")
	},
}

// mentions reports whether a health check runs a program of that name, in its
// own form or in a shell's line.
func mentions(healthcheck []string, name string) bool {
	for _, word := range healthcheck {
		words := strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune(" \t\n;|&()$`\"'{}!<>", r) })
		if slices.ContainsFunc(words, func(w string) bool { return path.Base(w) == name }) {
			return true
		}
	}
	return false
}
