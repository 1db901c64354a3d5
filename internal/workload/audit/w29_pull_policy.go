package audit

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
)

// PullPolicy is W-29.
var PullPolicy = &Check{
	ID: "W-29", Name: "pull-policy", Severity: gate.SeverityLow,
	Doc: Doc{
		What:    "Whether an image named by a tag is asked for anew at every start. A digest names one image for ever, so there the policy does not matter.",
		Why:     "With IfNotPresent each node runs whatever the tag was when it first came by, and a pod may use an image that its namespace has no right to pull.",
		Example: "`app:1.2` without imagePullPolicy (which means IfNotPresent) fails; `app:1.2` with Always, `app` or `app:latest` without a policy (which means Always), and any digest do not.",
		Fix:     "Pin the image by its digest; or set imagePullPolicy: Always.",
	},
	Decide: func(in Input) []Finding {
		var all []Finding
		for _, use := range in.images() {
			ref, err := use.parse()
			policy := use.Policy
			if policy == "" {
				policy = corev1.PullIfNotPresent
				if ref.Tag == "latest" {
					policy = corev1.PullAlways
				}
			}
			if err != nil || ref.Digest != "" || policy == corev1.PullAlways || use.Object.GVK().Group == "tekton.dev" {
				continue // W-26 reports what is no reference; Tekton resolves tags itself
			}
			all = append(all, use.finding(fmt.Sprintf("%.200q is named by a tag, and its pull policy is %s: nodes may run different bytes", use.Image, policy), "pin the image by its digest"))
		}
		return all
	},
}
