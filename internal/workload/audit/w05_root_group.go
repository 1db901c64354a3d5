package audit

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// RootGroup is W-05.
var RootGroup = &Check{
	ID: "W-05", Name: "root-group", Severity: gate.SeverityLow,
	Doc: Doc{
		What:    "Whether a process or its volumes belong to the group root: runAsGroup, supplementalGroups or fsGroup is 0.",
		Why:     "Many files of images are writable for group 0, because some platforms assign random users of that group.",
		Example: "`runAsGroup: 0` or `fsGroup: 0` fail; `runAsGroup: 1000` and leaving it out do not.",
		Fix:     "Give the group a number of its own.",
	},
	Decide: func(in Input) []Finding {
		var all []Finding
		for t := range in.Templates() {
			found := func(field string) {
				all = append(all, Finding{Object: t.Object, Field: t.SpecPath + ".securityContext." + field, Message: field + " is 0, the group root", Fix: "use a group above 0, for example the user's"})
			}
			if s := t.Spec.SecurityContext; s != nil && !windows(t) {
				if s.RunAsGroup != nil && *s.RunAsGroup == 0 {
					found("runAsGroup")
				}
				if s.FSGroup != nil && *s.FSGroup == 0 {
					found("fsGroup")
				}
				for i, group := range s.SupplementalGroups {
					if group == 0 {
						found(fmt.Sprintf("supplementalGroups[%d]", i))
					}
				}
			}
		}
		for c := range in.Containers() {
			if group := c.own().RunAsGroup; group != nil && *group == 0 && !windows(c.Template) {
				all = append(all, c.finding(".securityContext.runAsGroup", "runAsGroup is 0, the group root", "use a group above 0, for example the user's"))
			}
		}
		return all
	},
}
