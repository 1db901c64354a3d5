package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// Passwords is FS-08.
var Passwords = &Check{
	ID: "FS-08", Name: "passwords", Severity: gate.SeverityHigh, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Accounts with an empty password or with a password's hash, in shadow or in passwd itself.",
		Why:     "An empty field lets everyone in (CVE-2019-5021: root of Alpine's images). A hash is the same in every container of the image, and everyone who pulls it can guess at leisure.",
		Example: "root::19000:: and root:$6$…: fail; fields of *, !, !! and !$6$… are locked and pass, and so does an image without a shadow file.",
		Fix:     "Lock the account: RUN passwd -l on it, or write * into its field.",
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
			says := ""
			switch u.Password {
			case gate.PasswordNone:
				says = "has an empty password: everyone is let in"
			case gate.PasswordHash:
				says = "has a password, and its hash is in the image for everyone to guess"
			default:
				continue
			}
			findings = append(findings, Finding{
				Message: fmt.Sprintf("the account %.100q (uid %d) %s", u.Name, u.UID, says),
				Fix:     "lock the account: write * into its field in /etc/shadow", Layer: at(u.Layer), Path: "/etc/shadow", Subject: shortened(u.Name),
			})
		}
		if len(findings) == 0 && c.Accounts.Problem != "" {
			return unknown("the accounts of the image are not known in full: %.200s", c.Accounts.Problem)
		}
		return judged(c, "accounts", findings, "accounts")
	},
}
