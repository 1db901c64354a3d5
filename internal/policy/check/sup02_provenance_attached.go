package check

import (
	"cmp"
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// ProvenanceAttached is SUP-02.
var ProvenanceAttached = &Check{
	ID: "SUP-02", Name: "provenance-attached", Severity: gate.SeverityMedium, Tier: TierRegistry, PerImage: true,
	Doc: Doc{
		What:     "Whether a SLSA provenance about this image is attached, by a builder and from a source the policy trusts, without secrets among the build arguments it records.",
		Why:      "It says which build of which source made the image. A provenance with all parameters publishes the build arguments, too.",
		Example:  "With supply: {provenance: required, builders: [https://github.com/actions/runner/*]}, one of another builder fails; NPM_TOKEN=… among the build arguments is HIGH.",
		Fix:      "Build with docker buildx --provenance=true on the trusted builder; pass secrets with --secret.",
		Controls: []string{"SLSA Build L1"},
	},
	Decide: func(in Input) Result {
		o := in.Options
		if !o.RequireProvenance && len(o.TrustedBuilders) == 0 && len(o.TrustedSources) == 0 {
			return notApplicable("the policy asks for no provenance")
		}
		found, answer, done := attachments(in, gate.AttachmentProvenance)
		if done {
			return answer
		}
		if len(found) == 0 {
			return failed(Finding{Message: "no provenance about this image is attached to it" + onlyVerified(in), Fix: "build with docker buildx build --provenance=true"})
		}
		var findings []Finding
		good := false
		for _, a := range found {
			switch {
			case len(o.TrustedBuilders) > 0 && !trusted(o.TrustedBuilders, a.Builder):
				findings = append(findings, Finding{Message: fmt.Sprintf("the provenance names the builder %.200q, which the policy does not trust", cmp.Or(a.Builder, "(none)")), Fix: "build on a builder of supply.builders", Subject: clipped(a.Builder)})
			case len(o.TrustedSources) > 0 && !trusted(o.TrustedSources, a.Source):
				findings = append(findings, Finding{Message: fmt.Sprintf("the provenance names the source %.200q, which the policy does not trust", cmp.Or(a.Source, "(none)")), Fix: "build from a repository of supply.sources", Subject: clipped(a.Source)})
			default:
				good = true
			}
		}
		if good {
			findings = nil // one that is trusted is enough
		}
		return verdictOn(bounded(append(findings, recordedSecrets(found)...), "findings on provenance"))
	},
}

// recordedSecrets are build arguments with secrets in them.
func recordedSecrets(provenance []gate.Attachment) (findings []Finding) {
	for _, a := range provenance {
		for _, name := range a.Parameters {
			if NamesSecret(name) {
				findings = append(findings, Finding{
					Severity: gate.SeverityHigh, Message: fmt.Sprintf("the provenance records the build argument %.100q with its value, and its name says that it is a secret", name),
					Fix: "change it, and pass it with docker buildx build --secret", Subject: clipped(name),
				})
			}
		}
	}
	return findings
}
