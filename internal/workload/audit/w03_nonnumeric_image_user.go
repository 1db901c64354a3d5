package audit

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// NonNumericImageUser is W-03.
var NonNumericImageUser = &Check{
	ID: "W-03", Name: "nonnumeric-image-user", Severity: gate.SeverityMedium,
	Doc: Doc{
		What:     "Whether a container that demands non-root relies on an image whose USER is a name.",
		Why:      "The kubelet cannot tell whether a name is root and does not start the container: \"image has non-numeric user, cannot verify user is non-root\".",
		Example:  "`runAsNonRoot: true` with an image whose USER is nonroot:nonroot fails; with USER 65532, or with runAsUser: 65532 beside it, it does not.",
		Fix:      "Write USER 65532:65532 in the Dockerfile, or set runAsUser.",
		Controls: []string{"Kubernetes Pod Security Standards: restricted, runAsNonRoot"},
	},
	Decide: func(in Input) []Finding {
		var all []Finding
		for c := range in.Containers() {
			if demanded := c.nonRoot(); windows(c.Template) || demanded == nil || !*demanded || c.user() != nil {
				continue
			}
			facts, known := in.Options.image(c.Spec.Image)
			if !known || facts.User == nil {
				continue
			}
			name, _, _ := strings.Cut(facts.User.Configured, ":")
			if _, err := strconv.ParseInt(name, 10, 64); err == nil || name == "" {
				continue
			}
			f := c.finding(".securityContext.runAsUser", fmt.Sprintf("the image's USER (%.100q) is a name: the kubelet cannot verify that it is not root and will not start the container", facts.User.Configured), "set runAsUser to the number of that user")
			if uid := facts.User.UID; uid != nil && *uid > 0 {
				f.Patch = set(c.Template.Object, f.Field, int64(*uid))
			}
			all = append(all, f)
		}
		return all
	},
}
