package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// UID0Duplicates is FS-07.
var UID0Duplicates = &Check{
	ID: "FS-07", Name: "uid0-duplicates", Severity: gate.SeverityHigh, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Accounts that share a uid, and groups that share a gid, in the flattened passwd and group files.",
		Why:     "A second account with uid 0 is root under a name that nobody watches. Others that share a uid own each other's files.",
		Example: "toor:x:0:0 beside root fails; two users with uid 1000 are LOW; accounts with one primary group, as Alpine and Debian have them, pass.",
		Fix:     "Remove the account, or give it a uid of its own.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		switch {
		case c == nil:
			return unknown("no layer was read")
		case c.Accounts == nil:
			return judged(c, "accounts", nil, "accounts")
		}
		findings := append(sharedUIDs(c.Accounts), sharedGIDs(c.Accounts)...)
		if len(findings) == 0 && c.Accounts.Problem != "" {
			return unknown("the accounts of the image are not known in full: %.200s", c.Accounts.Problem)
		}
		return judged(c, "accounts", findings, "accounts")
	},
}

func sharedUIDs(a *gate.Accounts) []Finding {
	first := map[int]gate.Account{}
	for _, u := range a.Users {
		// Root's own name comes first wherever its line stands.
		if _, ok := first[u.UID]; !ok || (u.UID == 0 && u.Name == "root") {
			first[u.UID] = u
		}
	}
	var findings []Finding
	for _, u := range a.Users {
		own := first[u.UID]
		if u.Name == own.Name {
			continue
		}
		f := Finding{
			Severity: gate.SeverityLow, Message: fmt.Sprintf("the accounts %.100q and %.100q share the uid %d", own.Name, u.Name, u.UID),
			Fix: "give each account a uid of its own", Layer: at(u.Layer), Path: "/etc/passwd", Subject: shortened(u.Name),
		}
		if u.UID == 0 {
			f.Severity, f.Message, f.Fix = gate.SeverityHigh, fmt.Sprintf("the account %.100q has uid 0 as %.100q has: it is root by another name", u.Name, own.Name), "remove the account, or give it a uid of its own"
		}
		findings = append(findings, f)
	}
	return findings
}

func sharedGIDs(a *gate.Accounts) []Finding {
	first := map[int]string{}
	var findings []Finding
	for _, g := range a.Groups {
		own, ok := first[g.GID]
		switch {
		case !ok:
			first[g.GID] = g.Name
		case own != g.Name:
			findings = append(findings, Finding{
				Severity: gate.SeverityLow, Message: fmt.Sprintf("the groups %.100q and %.100q share the gid %d", own, g.Name, g.GID),
				Fix: "give each group a gid of its own", Path: "/etc/group", Subject: shortened(g.Name),
			})
		}
	}
	return findings
}
