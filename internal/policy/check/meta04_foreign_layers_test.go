package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestForeignLayers(t *testing.T) {
	test(t, ForeignLayers, []scenario{
		{name: "layers of the registry", want: Pass},
		{name: "a layer with URLs", change: func(in *Input) { in.Image.Manifest.Layers[0].URLs = []string{"https://elsewhere.example/layer"} }, want: Fail, severity: gate.SeverityHigh, says: "layer 0"},
		{name: "a non-distributable layer", change: func(in *Input) {
			in.Image.Manifest.Layers[0].MediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
		}, want: Fail},
		{name: "Docker's foreign layer", change: func(in *Input) {
			in.Image.Manifest.Layers[0].MediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
		}, want: Fail},
	})
}
