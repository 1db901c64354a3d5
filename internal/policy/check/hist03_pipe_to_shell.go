package check

import "github.com/imagegate/imagegate/internal/gate"

// PipeToShell is HIST-03.
var PipeToShell = &Check{
	ID: "HIST-03", Name: "pipe-to-shell", Severity: gate.SeverityMedium, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "RUN lines of the history in which a shell or interpreter runs what curl or wget fetches, as it comes.",
		Why:      "What the server answers today was reviewed by nobody and may be something else tomorrow; a transfer that breaks off is run in half.",
		Example:  "curl -fsSL https://… | bash, sh -c \"$(wget -O- …)\" and bash <(curl …) fail; curl … | tar x and curl … | python -c … pass. History is the author's word: silence proves nothing.",
		Fix:      "Download to a file, check its sha256, then run it; or install a package.",
		Controls: []string{"hadolint DL4006"},
	},
	Decide: func(in Input) Result {
		return overHistory(in, func(s step) []Finding {
			var findings []Finding
			for _, how := range s.commands().fetched {
				findings = append(findings, Finding{Message: "it runs what it downloads, unseen: " + how, Fix: "download to a file, check its sha256, then run it", Subject: how})
			}
			return findings
		})
	},
}
