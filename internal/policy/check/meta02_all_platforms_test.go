package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestAllPlatforms(t *testing.T) {
	test(t, AllPlatforms, []scenario{
		{name: "a single image is all there is", want: Pass},
		{name: "an index whose images were all evaluated", change: func(in *Input) {
			in.Evidence.Index = []gate.IndexEntry{{Digest: in.Image.Digest, Platform: "linux/amd64", Role: "image"}}
		}, want: Pass},
		{name: "attestation manifests are not platforms", change: func(in *Input) {
			in.Evidence.Index = []gate.IndexEntry{{Digest: in.Image.Digest, Role: "image"}, {Digest: "sha256:b", Role: "attestation"}}
		}, want: Pass},
		{name: "an image of the index that nobody evaluated", change: func(in *Input) {
			in.Evidence.Index = []gate.IndexEntry{{Digest: "sha256:b", Platform: "linux/arm64", Role: "image", Skipped: "not asked for"}}
		}, want: Fail, severity: gate.SeverityHigh, says: "linux/arm64"},
		{name: "a required platform that is missing", change: func(in *Input) { in.Options.RequiredPlatforms = []string{"linux/amd64", "linux/s390x"} }, want: Fail, says: "linux/s390x"},
		{name: "an image that policy does not require may be left out", change: func(in *Input) {
			in.Options.RequiredPlatforms = []string{"linux/amd64"}
			in.Evidence.Index = []gate.IndexEntry{{Digest: "sha256:b", Role: "image"}}
		}, want: Pass},
	})
}
