package audit

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
)

// overcommit is how often a limit may hold its request.
const overcommit = 10

// Requests is W-23.
var Requests = &Check{
	ID: "W-23", Name: "requests", Severity: gate.SeverityLow,
	Doc: Doc{
		What:    "Whether every container requests CPU and memory, and no limit is more than ten times its request. A limit stands for a request that is left out.",
		Why:     "Without requests the scheduler puts any number of pods on one node; with limits far above them it promises what the node does not have.",
		Example: "No `resources`, or a request of 64Mi with a limit of 1Gi, fail; 64Mi with 128Mi does not.",
		Fix:     "Request what the program uses on an ordinary day.",
	},
	Decide: func(in Input) []Finding {
		given := rangesOf(in)
		var all []Finding
		for c := range in.Containers() {
			if c.Class == classEphemeral {
				continue
			}
			var missing []string
			for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				request, ok := given.request(c, name)
				if !ok {
					missing = append(missing, string(name))
					continue
				}
				limit, ok := given.limit(c, name)
				if ratio := limit.amount / request.amount; ok && limit.single && request.single && ratio > overcommit {
					all = append(all, c.finding(".resources.requests", fmt.Sprintf("the limit of %s is %.0f times its request", name, ratio), fmt.Sprintf("bring them within %d times of each other", overcommit)))
				}
			}
			if len(missing) > 0 {
				all = append(all, c.finding(".resources.requests", "no request of "+strings.Join(missing, " and "), "request what the program uses on an ordinary day"))
			}
		}
		return all
	},
}
