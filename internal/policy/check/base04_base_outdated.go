package check

import (
	"fmt"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// OutdatedBase is BASE-04.
var OutdatedBase = &Check{
	ID: "BASE-04", Name: "base-outdated", Severity: gate.SeverityMedium, Tier: TierRegistry, PerImage: true,
	Doc: Doc{
		What:     "Whether a newer build of the base's tag has been out for longer than base.grace (14 days), and whether the base is older than base.maxAge.",
		Why:      "A base's fixes reach an image only when it is rebuilt.",
		Example:  "An image on last quarter's debian:12 fails once this quarter's is two weeks old. A base that is pinned by digest alone has no tag to be behind of, and a tag that moves daily stays within the grace.",
		Fix:      "Rebuild on the newest build of the base.",
		Controls: []string{"CIS Docker 4.4", "NIST SP 800-190 4.1.1"},
	},
	Decide: func(in Input) Result {
		b := in.Image.Base
		if b == nil {
			return unknown("the base was not looked up")
		}
		if b.Proof.Rank() < gate.ProofMatched.Rank() {
			return notApplicable("no base is known by its layers")
		}
		var findings []Finding
		if n := b.Newest; n != nil && overdue(in, n) {
			findings = append(findings, Finding{
				Message: fmt.Sprintf("the base %s has a newer build, %s of %s", named(b), n.Digest, n.Created.Format("2006-01-02")),
				Fix:     fmt.Sprintf("rebuild on %s@%s", n.Reference, n.Digest), Subject: n.Reference,
			})
		}
		if in.Options.MaxBaseAge > 0 {
			if b.Created.Year() < 1980 {
				if len(findings) == 0 {
					return unknown("%s does not say when it was made", named(b))
				}
			} else if age := in.Now.Sub(b.Created); age > in.Options.MaxBaseAge {
				findings = append(findings, Finding{
					Message: fmt.Sprintf("the base %s was made %d days ago, the limit is %d", named(b), days(age), days(in.Options.MaxBaseAge)),
					Fix:     "rebuild on a newer build of the base", Subject: b.Reference,
				})
			}
		}
		if len(findings) == 0 && b.Newest == nil {
			if i := slices.IndexFunc(b.Approved, func(k gate.KnownBase) bool { return k.Remembered && k.Reference == b.Reference }); i >= 0 {
				return unknown("the registry of %s did not answer: whether a newer build is out is not known", b.Reference)
			}
		}
		return verdictOn(findings)
	},
}

// overdue reports whether a newer build has been out for longer than the grace.
// A build that carries no date counts as old.
func overdue(in Input, n *gate.NewestBase) bool {
	return n.Created.Year() < 1980 || in.Now.Sub(n.Created) > in.Options.BaseGrace
}
