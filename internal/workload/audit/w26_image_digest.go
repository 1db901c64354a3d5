package audit

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// ImageDigest is W-26.
var ImageDigest = &Check{
	ID: "W-26", Name: "image-digest", Severity: gate.SeverityHigh,
	Doc: Doc{
		What:     "Whether every image is pinned by a digest: of containers of every class, of image volumes, and of the steps and sidecars of Tekton tasks.",
		Why:      "A tag can be moved to other bytes after they were checked. A digest that is ill-formed pins nothing: the pod does not start.",
		Example:  "`nginx`, `app:1.2` and `app@sha256:a1b2c3…` fail; `app@sha256:` with 64 hexadecimal digits does not, whether a tag stands before it or not.",
		Fix:      "Write repository@sha256:…, with the digest the gate decided about.",
		Controls: []string{"CIS Kubernetes 5.5.1", "NIST SP 800-190 4.1.2"},
	},
	Decide: func(in Input) []Finding {
		var all []Finding
		for _, use := range in.images() {
			if f, ok := use.pinned(in.Options); !ok {
				all = append(all, f)
			}
		}
		return all
	},
}

func (u imageUse) pinned(o Options) (Finding, bool) {
	ref, err := u.parse()
	name, digest, hasDigest := strings.Cut(u.Image, "@")
	switch {
	case u.Image == "":
		return u.finding("no image is named", "name one, by its digest"), false
	case strings.Contains(u.Image, "{{"):
		return u.finding(fmt.Sprintf("the image %.100q is a template", u.Image), "audit what Helm makes of it: helm template CHART | imagegate audit -"), false
	case err != nil && hasDigest:
		return u.finding(fmt.Sprintf("the digest %.100q is ill-formed: sha256: takes 64 hexadecimal digits, so this pins nothing and the pod will not start", digest), fmt.Sprintf("find the digest: imagegate check %.100s", name)), false
	case err != nil:
		return u.finding(fmt.Sprintf("%.100q is no image reference", u.Image), "write registry/repository@sha256:…"), false
	case ref.Digest != "":
		return Finding{}, true
	}
	f := u.finding(fmt.Sprintf("%.200q is named by the tag %.100q, which can be moved to other bytes", u.Image, ref.Tag), "pin it: repository@sha256:…")
	if facts, known := o.image(u.Image); known && facts.Digest != "" {
		f.Fix = "pin it: " + ref.At(facts.Digest)
		f.Patch = set(u.Object, u.Field, ref.At(facts.Digest))
	}
	return f, false
}
