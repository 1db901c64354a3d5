package check

import (
	"fmt"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// PrivilegedGroups is USER-09.
var PrivilegedGroups = &Check{
	ID: "USER-09", Name: "privileged-groups", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Whether a user that is not root belongs to a group that is nearly root: docker, disk, shadow, wheel, sudo or kvm, as its own group or by the image's group file.",
		Why:     "Such a group reads raw disks or password hashes, starts containers, or becomes root by sudo. Kubernetes gives a process the groups of the image's group file too, unless the pod's supplementalGroupsPolicy is Strict.",
		Example: "USER app with docker:x:998:app in /etc/group fails; USER 65532:65532 without a passwd line is in no group but its own and passes.",
		Fix:     "Take the user out of the group: RUN gpasswd -d app docker.",
	},
	Decide: func(in Input) Result {
		u := resolvedUser(in.Image)
		switch {
		case u == nil:
			return unknown("no layer was read")
		case u.UID == nil:
			return unknown("USER %.100q cannot be resolved", u.Configured)
		case *u.UID == 0:
			return pass() // root needs no group; USER-01, -02 and -05 speak of it
		}
		c := in.Image.Contents
		if c.Accounts == nil {
			return judged(c, "groups", nil, "accounts")
		}
		name := userNameOf(c.Accounts, *u.UID)
		var findings []Finding
		for _, g := range c.Accounts.Groups {
			if !slices.Contains(nearlyRoot, g.Name) {
				continue
			}
			how := ""
			switch {
			case u.GID != nil && *u.GID == g.GID:
				how = "as its own group"
			case name != "" && slices.Contains(g.Members, name):
				how = "by a line of /etc/group"
			default:
				continue
			}
			findings = append(findings, Finding{
				Message: fmt.Sprintf("USER %.100q is in the group %s (gid %d) %s", u.Configured, g.Name, g.GID, how),
				Fix:     "take the user out of the group " + g.Name, Path: "/etc/group", Subject: g.Name,
			})
		}
		if len(findings) == 0 && c.Accounts.Problem != "" {
			return unknown("the groups of the image are not known in full: %.200s", c.Accounts.Problem)
		}
		return judged(c, "groups", findings, "accounts")
	},
}

// nearlyRoot are groups whose members become root in one step.
var nearlyRoot = []string{"docker", "disk", "shadow", "wheel", "sudo", "kvm"}

// userNameOf is the name by which group lines name a uid: the first in passwd.
func userNameOf(a *gate.Accounts, uid int) string {
	for _, u := range a.Users {
		if u.UID == uid {
			return u.Name
		}
	}
	return ""
}
