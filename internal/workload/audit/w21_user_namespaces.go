package audit

import "github.com/imagegate/imagegate/internal/gate"

// UserNamespaces is W-21.
var UserNamespaces = &Check{
	ID: "W-21", Name: "user-namespaces", Severity: gate.SeverityInfo,
	Doc: Doc{
		What:    "Whether the pod has a user namespace of its own (hostUsers: false).",
		Why:     "With one, a process that escapes is nobody on the node. It only informs, because not every node can do it.",
		Example: "Leaving hostUsers out is noted; `hostUsers: false` is not.",
		Fix:     "Set hostUsers: false where nodes support it (Linux 6.3, containerd 2.0).",
	},
	Decide: func(in Input) []Finding {
		var all []Finding
		for t := range in.Templates() {
			if own := t.Spec.HostUsers; windows(t) || own != nil && !*own {
				continue
			}
			all = append(all, Finding{
				Object: t.Object, Field: t.SpecPath + ".hostUsers",
				Message: "the pod shares the node's user namespace",
				Fix:     "set hostUsers: false where nodes support it",
			})
		}
		return all
	},
}
