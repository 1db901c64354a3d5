package audit

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// WellFormed is W-00.
var WellFormed = &Check{
	ID: "W-00", Name: "well-formed", Severity: gate.SeverityHigh,
	Doc: Doc{
		What:    "Whether a cluster accepts the object as it is meant: the API version is served, every field exists, selectors select what they should.",
		Why:     "A field that does not exist is dropped in silence, and with it the protection it was to give; an object of a removed API is refused or, worse, left out of the rollout; a Service or policy that selects nothing does nothing.",
		Example: "`kind: PodSecurityPolicy` (removed in 1.25), `securitycontext:` for `securityContext:`, or a Deployment whose selector is not among its pods' labels fail; the same with the right names do not.",
		Fix:     "Use the API version that is served and the names of its reference (kubectl explain).",
	},
	Decide: func(in Input) []Finding {
		var all []Finding
		for _, o := range in.Objects {
			found := served(o, in.Options)
			if len(found) == 0 {
				found = decoded(o)
			}
			all = append(all, found...)
			all = append(all, unreadable(o)...)
			all = append(all, selectsItself(o)...)
		}
		return append(all, selectsNothing(in)...)
	},
}

// unreadable reports pod templates about which nothing can be said. Objects of
// Kubernetes' own kinds were held against their types already.
func unreadable(o *manifest.Object) []Finding {
	if own(o.GVK()) {
		return nil
	}
	var all []Finding
	for _, err := range manifest.Unreadable(o) {
		all = append(all, Finding{
			Object:  o,
			Message: fmt.Sprintf("the pod template cannot be read, so no other check saw it: %.300s", err),
			Fix:     "write the pod template as Kubernetes' Pod reference has it",
		})
	}
	return all
}
