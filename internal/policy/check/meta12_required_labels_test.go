package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestRequiredLabels(t *testing.T) {
	const revision, prefix = "org.opencontainers.image.revision", "org.opencontainers.image."
	label := func(key, value string) func(*Input) {
		return func(in *Input) {
			in.Options.RequiredLabels = []string{key}
			in.Image.Config.Labels = map[string]string{key: value}
		}
	}
	inherited := func(b gate.Base) func(*Input) {
		return func(in *Input) {
			label(revision, "abc")(in)
			b.Labels = map[string]string{revision: "abc"}
			in.Image.Base = &b
		}
	}
	test(t, RequiredLabels, []scenario{
		{name: "none is asked for", want: NotApplicable},
		{name: "it is there", change: label(revision, "0a1b2c"), want: Pass},
		{name: "it is missing", change: func(in *Input) { in.Options.RequiredLabels = []string{revision} }, want: Fail, severity: gate.SeverityLow, says: revision + " is missing"},
		{name: "as an annotation", change: func(in *Input) {
			in.Options.RequiredLabels = []string{revision}
			in.Image.Manifest.Annotations = map[string]string{revision: "abc"}
		}, want: Pass},
		{name: "inherited from the base", change: inherited(gate.Base{Proof: gate.ProofMatched, Digest: "sha256:1", Layers: 1}), want: Fail, says: "the base's own"},
		{name: "a base that is only claimed proves nothing", change: inherited(gate.Base{Proof: gate.ProofClaimed, Digest: "sha256:1"}), want: Pass},
		{name: "the base itself is judged", change: func(in *Input) {
			inherited(gate.Base{Proof: gate.ProofProven, Digest: in.Image.Digest, Layers: 1})(in)
		}, want: Pass},
		{name: "empty", change: label(revision, " "), want: Fail, says: "empty"},
		{name: "not filled in", change: label(revision, "$GIT_SHA"), want: Fail, says: "nobody filled in"},
		{name: "a template", change: label(revision, "v{{ .Version }}"), want: Fail, says: "nobody filled in"},
		{name: "any value of the owner's own label", change: label("team", "the payments team"), want: Pass},
		{name: "created", change: label(prefix+"created", "2026-05-01T10:00:00Z"), want: Pass},
		{name: "created in words", change: label(prefix+"created", "yesterday"), want: Fail, says: "RFC 3339"},
		{name: "source", change: label(prefix+"source", "https://git.example/app"), want: Pass},
		{name: "source without a scheme", change: label(prefix+"source", "git.example/app"), want: Fail, says: "a URL"},
		{name: "licences", change: label(prefix+"licenses", "(MIT OR Apache-2.0) AND GPL-2.0-only WITH Classpath-exception-2.0"), want: Pass},
		{name: "licences in prose", change: label(prefix+"licenses", "Apache License 2.0"), want: Fail, says: "SPDX"},
		{name: "a revision in prose", change: label(revision, "of last week"), want: Fail, says: "one word"},
	})
}
