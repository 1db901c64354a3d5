package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestOpaqueLayers(t *testing.T) {
	test(t, OpaqueLayers, []scenario{
		{name: "a gzip layer", want: Pass},
		{name: "a zstd layer", change: func(in *Input) { in.Image.Manifest.Layers[0].MediaType = "application/vnd.oci.image.layer.v1.tar+zstd" }, want: Pass},
		{name: "an encrypted layer", change: func(in *Input) {
			in.Image.Manifest.Layers[0].MediaType = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"
		}, want: Fail, severity: gate.SeverityHigh, says: "encrypted"},
		{name: "a layer of no known type", change: func(in *Input) { in.Image.Manifest.Layers[0].MediaType = "application/octet-stream" }, want: Fail},
		{name: "schema 1", change: func(in *Input) {
			in.Image.Manifest.MediaType = "application/vnd.docker.distribution.manifest.v1+prettyjws"
		}, want: Fail, says: "schema 1"},
	})
}
