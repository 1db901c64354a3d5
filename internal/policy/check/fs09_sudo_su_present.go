package check

import (
	"path"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// SudoSuPresent is FS-09.
var SudoSuPresent = &Check{
	ID: "FS-09", Name: "sudo-su-present", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Programs that change the user (sudo, su, doas, pkexec, newuidmap), and sudoers lines with NOPASSWD.",
		Why:     "They turn an intruder's unprivileged process into root. allowPrivilegeEscalation: false in the pod neutralises them.",
		Example: "sudo with mode 4755 fails; busybox's su without a setuid bit cannot change anything and is LOW; NOPASSWD is LOW where there is no sudo.",
		Fix:     "Remove the package, or start the process as the user it needs and never change it.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		sudo := gate.SeverityLow
		for _, p := range grouped(ofKinds(c, gate.ProgramPrivilege)) {
			severity, says := gate.SeverityLow, "changes the user; it has no setuid bit, so that only root can use it"
			if p.Mode&0o4000 != 0 || capable(c, fileOf(p.Program)) {
				severity, says = gate.SeverityMedium, "lets a process become another user"
				if slices.Contains(p.names, "sudo") {
					sudo = gate.SeverityMedium
				}
			}
			findings = append(findings, p.finding(severity, says, "remove its package, or set allowPrivilegeEscalation: false in the pod"))
		}
		for _, f := range ofDetail(c.Remote, gate.RemoteSudoNoPassword) {
			findings = append(findings, Finding{
				Severity: sudo, Message: f.Path + " lets somebody become another user without a password (NOPASSWD)", Fix: "remove the line from " + f.Path,
				Layer: at(f.Layer), Path: f.Path, Subject: path.Base(f.Path),
			})
		}
		return judged(c, "programs", findings, "programs", "remote")
	},
}

// capable reports whether a file carries capabilities, which do a setuid bit's
// work: distributions give newuidmap cap_setuid.
func capable(c *gate.Contents, p string) bool {
	return slices.ContainsFunc(c.Capabilities, func(f gate.File) bool { return f.Path == p })
}

// ofDetail are the files of some kinds.
func ofDetail(files []gate.File, kinds ...string) []gate.File {
	var found []gate.File
	for _, f := range files {
		if slices.Contains(kinds, f.Detail) {
			found = append(found, f)
		}
	}
	return found
}
