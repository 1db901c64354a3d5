package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// UnpinnedBase is BASE-05.
var UnpinnedBase = &Check{
	ID: "BASE-05", Name: "base-not-pinned", Severity: gate.SeverityLow, Tier: TierRegistry, PerImage: true,
	Doc: Doc{
		What:     "Whether the build named its base by digest, as the annotation or the materials of the provenance tell.",
		Why:      "A tag may name another image at the next build, and nobody can tell afterwards which one was meant.",
		Example:  "base.name without base.digest fails; FROM debian:12@sha256:… passes. Without annotation and provenance there is nothing to judge.",
		Fix:      "Write FROM name:tag@sha256:…, and let a bot raise the digest.",
		Controls: []string{"CIS Docker 4.2"},
	},
	Decide: func(in Input) Result {
		b := in.Image.Base
		if b == nil {
			return unknown("the base was not looked up")
		}
		var findings []Finding
		judged := false
		for _, c := range b.Claims {
			if c.State == gate.ClaimAncestor || (c.Source == gate.ClaimLabel && c.State != gate.ClaimTrue) {
				continue // what a parent's build wrote
			}
			judged = true
			if c.Digest == "" {
				findings = append(findings, Finding{
					Message: fmt.Sprintf("the %s names the base %.200s without its digest", c.Source, c.Reference),
					Fix:     "write FROM name:tag@sha256:… in the Dockerfile", Subject: clipped(c.Reference),
				})
			}
		}
		if !judged {
			return notApplicable("neither annotation nor provenance says how the base was named")
		}
		return verdictOn(findings)
	},
}
