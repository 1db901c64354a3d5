package audit

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
)

// Limits is W-22.
var Limits = &Check{
	ID: "W-22", Name: "limits", Severity: gate.SeverityMedium,
	Doc: Doc{
		What:     "Whether every container, init containers and sidecars included, has a limit of memory and of ephemeral storage: its own, the pod's as a whole, or the default of a LimitRange among the objects at hand. A limit of CPU is not demanded: it slows the container and protects nobody whose request is right.",
		Why:      "A container without limits takes the node's memory or disk, and the node evicts its neighbours.",
		Example:  "No `resources.limits`, or only `cpu`, fails; memory and ephemeral-storage on the container, or on `spec.resources` of the pod, do not.",
		Fix:      "Set limits.memory and limits.ephemeral-storage.",
		Controls: []string{"CIS Docker 5.10", "NIST SP 800-190 4.4.4"},
	},
	Decide: func(in Input) []Finding {
		given := rangesOf(in)
		var all []Finding
		for c := range in.Containers() {
			if c.Class == classEphemeral {
				continue // the API gives them no resources
			}
			var missing []string
			for _, name := range []corev1.ResourceName{corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
				if _, ok := given.limit(c, name); !ok {
					missing = append(missing, string(name))
				}
			}
			if len(missing) > 0 {
				all = append(all, c.finding(".resources.limits", fmt.Sprintf("no limit of %s; a LimitRange is not among the objects at hand", strings.Join(missing, " and ")), "set limits."+strings.Join(missing, " and limits.")+" to what the program needs at most"))
			}
		}
		return all
	},
}
