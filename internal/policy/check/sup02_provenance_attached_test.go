package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestProvenanceAttached(t *testing.T) {
	provenance := func(change ...func(*gate.Attachment)) func(*Input) {
		return func(in *Input) {
			a := gate.Attachment{Kind: gate.AttachmentProvenance, Subjects: []string{"sha256:a"}, About: true, Builder: "https://ci.example/runner/7", Source: "https://git.example/team/app"}
			for _, f := range change {
				f(&a)
			}
			in.Options.RequireProvenance, in.Options.TrustedBuilders, in.Options.TrustedSources = true, []string{"https://ci.example/runner/*"}, []string{"https://git.example/team/*"}
			attach(in, a)
		}
	}
	test(t, ProvenanceAttached, []scenario{
		{name: "nobody asks", want: NotApplicable},
		{name: "by the trusted builder from the trusted source", change: provenance(), want: Pass},
		{name: "another builder", change: provenance(func(a *gate.Attachment) { a.Builder = "https://ci.example.evil.test/runner/7" }), want: Fail, severity: gate.SeverityMedium, says: "builder"},
		{name: "another source", change: provenance(func(a *gate.Attachment) { a.Source = "https://git.example/team-b/app" }), want: Fail, says: "source"},
		{name: "a secret among the build arguments", change: provenance(func(a *gate.Attachment) { a.Parameters = []string{"VERSION", "NPM_TOKEN"} }), want: Fail, severity: gate.SeverityHigh, says: "NPM_TOKEN"},
		{name: "a build argument that is no secret", change: provenance(func(a *gate.Attachment) { a.Parameters = []string{"VERSION"} }), want: Pass},
		{name: "none", change: func(in *Input) { in.Options.RequireProvenance = true; attach(in) }, want: Fail},
		{name: "one that cannot be read", change: func(in *Input) {
			in.Options.RequireProvenance = true
			attach(in, gate.Attachment{Kind: gate.AttachmentProvenance, Problem: "larger than 4 MiB"})
		}, want: Unknown, says: "larger than"},
		{name: "not looked up", change: func(in *Input) { in.Options.RequireProvenance = true }, want: Unknown},
	})
}
