package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestAlreadySigned(t *testing.T) {
	test(t, AlreadySigned, []scenario{
		{name: "nobody looked", want: NotApplicable},
		{name: "nothing is there", change: func(in *Input) { attach(in) }, want: Pass},
		{name: "a signature", change: func(in *Input) {
			attach(in, gate.Attachment{Kind: gate.AttachmentSignature, Place: gate.PlaceTag, Digest: "sha256:c"})
		}, want: Fail, severity: gate.SeverityInfo, says: "signature"},
	})
}
