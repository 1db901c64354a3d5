package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// NotAnImage is META-01.
var NotAnImage = &Check{
	ID: "META-01", Name: "not-an-image", Severity: gate.SeverityHigh, Tier: TierConfig, Integrity: true, PerImage: true,
	Doc: Doc{
		What:     "The manifest's config media type, which says whether this is a container image at all.",
		Why:      "Registries also hold Helm charts, signatures, SBOMs and WebAssembly. Read as an image, such a thing has an empty config and looks harmless, or like an image that runs as root.",
		Example:  "A Helm chart (application/vnd.cncf.helm.config.v1+json) fails; an OCI or Docker image passes.",
		Fix:      "Name an image, not a chart, signature or other artifact.",
		Controls: []string{"OCI image-spec: manifest.md, config"},
	},
	Decide: func(in Input) Result {
		m := in.Image.Manifest
		switch m.Config.MediaType {
		case "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json":
			if m.ArtifactType == "" || m.ArtifactType == m.Config.MediaType {
				return pass()
			}
			return failed(Finding{Message: fmt.Sprintf("the manifest declares the artifact type %q: it is not a container image", m.ArtifactType), Fix: "name an image, not a chart, signature or other artifact"})
		case "":
			return failed(Finding{Message: fmt.Sprintf("the manifest (%s) has no config: it is not a container image, or of a schema older than anything the gate reads", m.MediaType), Fix: "push the image again with a current tool"})
		}
		return failed(Finding{Message: fmt.Sprintf("the config has media type %q: this is not a container image", m.Config.MediaType), Fix: "name an image, not a chart, signature or other artifact"})
	},
}
