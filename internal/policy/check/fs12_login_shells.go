package check

import (
	"fmt"
	"path"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// LoginShells is FS-12.
var LoginShells = &Check{
	ID: "FS-12", Name: "login-shells", Severity: gate.SeverityInfo, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "System accounts other than root (uid 1 to 999, and nobody) whose shell is a real one that the image has.",
		Why:     "Nobody should log in as a service; an account without a shell is one door fewer for su and ssh.",
		Example: "postgres with /bin/bash fails; /usr/sbin/nologin, /bin/false and a shell that the image does not have pass.",
		Fix:     "RUN usermod -s /usr/sbin/nologin on the account.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		switch {
		case c == nil:
			return unknown("no layer was read")
		case c.Accounts == nil:
			return judged(c, "accounts", nil, "accounts")
		}
		var findings []Finding
		for _, u := range c.Accounts.Users {
			if !systemAccount(u.UID) || !hasShell(c, u.Shell) {
				continue
			}
			findings = append(findings, Finding{
				Message: fmt.Sprintf("the system account %.100q (uid %d) has the shell %.100q", u.Name, u.UID, u.Shell),
				Fix:     "give it /usr/sbin/nologin as its shell", Layer: at(u.Layer), Path: "/etc/passwd", Subject: shortened(u.Name),
			})
		}
		return judged(c, "accounts", findings, "accounts")
	},
}

// systemAccount reports whether distributions keep a uid for services.
func systemAccount(uid int) bool { return (uid > 0 && uid < 1000) || uid == 65534 }

// hasShell reports whether the image has an account's shell; an empty field
// means /bin/sh (passwd(5)).
func hasShell(c *gate.Contents, shell string) bool {
	name := path.Base(shell)
	if shell == "" {
		name = "sh"
	}
	return slices.ContainsFunc(c.Shells, func(f gate.File) bool { return path.Base(f.Path) == name })
}
