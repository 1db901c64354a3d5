package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSubjectMatches(t *testing.T) {
	test(t, SubjectMatches, []scenario{
		{name: "nobody looked", want: NotApplicable},
		{name: "nothing is attached", change: func(in *Input) { attach(in) }, want: NotApplicable},
		{name: "about this image", change: func(in *Input) {
			attach(in, gate.Attachment{Kind: gate.AttachmentSBOM, Subjects: []string{"sha256:a"}, About: true})
		}, want: Pass},
		{name: "about another", change: func(in *Input) {
			attach(in, gate.Attachment{Kind: gate.AttachmentProvenance, Digest: "sha256:c", Subjects: []string{"sha256:b"}})
		}, want: Fail, severity: gate.SeverityHigh, says: "sha256:b"},
		{name: "a signature speaks for itself", change: func(in *Input) { attach(in, gate.Attachment{Kind: gate.AttachmentSignature}) }, want: NotApplicable},
	})
}
