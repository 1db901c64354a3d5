package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestNotAnImage(t *testing.T) {
	test(t, NotAnImage, []scenario{
		{name: "an OCI image is an image", want: Pass},
		{name: "a Docker image is an image", change: func(in *Input) { in.Image.Manifest.Config.MediaType = "application/vnd.docker.container.image.v1+json" }, want: Pass},
		{name: "a Helm chart is not an image", change: func(in *Input) { in.Image.Manifest.Config.MediaType = "application/vnd.cncf.helm.config.v1+json" }, want: Fail, severity: gate.SeverityHigh, says: "helm"},
		{name: "an artifact with an image config is not an image", change: func(in *Input) { in.Image.Manifest.ArtifactType = "application/vnd.example.sbom" }, want: Fail, says: "sbom"},
		{name: "a manifest without a config is not an image", change: func(in *Input) { in.Image.Manifest.Config.MediaType = "" }, want: Fail, says: "no config"},
	})
}
