package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// attach puts attachments beside the sound image.
func attach(in *Input, a ...gate.Attachment) { in.Image.Supply = &gate.Supply{Attachments: a} }

func TestSBOMAttached(t *testing.T) {
	required := func(a ...gate.Attachment) func(*Input) {
		return func(in *Input) { in.Options.RequireSBOM = true; attach(in, a...) }
	}
	sbom := gate.Attachment{Kind: gate.AttachmentSBOM, Subjects: []string{"sha256:a"}, About: true}
	test(t, SBOMAttached, []scenario{
		{name: "nobody asks", want: NotApplicable},
		{name: "attached", change: required(sbom), want: Pass},
		{name: "none", change: required(), want: Fail, severity: gate.SeverityMedium},
		{name: "that of another image", change: required(gate.Attachment{Kind: gate.AttachmentSBOM, Subjects: []string{"sha256:b"}}), want: Fail},
		{name: "something else", change: required(gate.Attachment{Kind: gate.AttachmentSignature}), want: Fail},
		{name: "one that nobody signed, where signed ones count", change: func(in *Input) { required(sbom)(in); in.Options.VerifiedAttestations = true }, want: Fail, says: "signed by a key"},
		{name: "not every place could be read", change: func(in *Input) {
			required()(in)
			in.Image.Supply.Problems = []string{"referrers: status 500"}
		}, want: Unknown, says: "status 500"},
		{name: "not looked up", change: func(in *Input) { in.Options.RequireSBOM = true }, want: Unknown},
	})
}
