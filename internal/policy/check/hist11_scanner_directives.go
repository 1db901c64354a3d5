package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// ScannerDirectives is HIST-11.
var ScannerDirectives = &Check{
	ID: "HIST-11", Name: "scanner-directives", Severity: gate.SeverityHigh, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "Directives for scanners in the history (trivy:ignore, tfsec:ignore, hadolint ignore and others), and instructions smuggled in behind a line break.",
		Why:     "Scanners that rebuild a Dockerfile from the history obey them: one such line makes the finding of a secret vanish. Builders leave comments of a Dockerfile out, so somebody wrote it there.",
		Example: "A line #trivy:ignore:DS-0031 fails, as does CMD [\"x\"] with USER app in a second line; a here-document with line breaks passes. This gate obeys none of them.",
		Fix:     "Take the directive out; ask for a waiver in the gate instead.",
	},
	Decide: func(in Input) Result {
		return overHistory(in, func(s step) []Finding {
			var findings []Finding
			for _, text := range []string{s.entry.CreatedBy, s.entry.Comment, s.entry.Author} {
				text = text[:min(len(text), maxStepText)]
				for _, d := range directives.FindAllStringSubmatch(text, 5) {
					name := strings.ToLower(strings.Join(strings.Fields(d[1]), " "))
					if slices.ContainsFunc(findings, func(f Finding) bool { return f.Subject == name }) {
						continue
					}
					findings = append(findings, Finding{Message: fmt.Sprintf("it holds %q, which tells a scanner to look away", name), Fix: "take it out, and ask for a waiver in the gate instead", Subject: name})
				}
			}
			if !slices.Contains(manyLines, s.instruction) {
				if m := smuggled.FindStringSubmatch(s.entry.CreatedBy); m != nil {
					findings = append(findings, Finding{Message: fmt.Sprintf("it holds %s behind a line break, which scanners take for an instruction", m[1]), Fix: "build the image with a builder that writes its own history", Subject: m[1]})
				}
			}
			return findings
		})
	},
}

var (
	directives = regexp.MustCompile(`(?i)\b(trivy:ignore|tfsec:ignore|hadolint\s+(?:global\s+)?ignore|checkov:skip|kics-scan\s+(?:ignore|disable)|gitleaks:allow|nosemgrep|dockle:ignore|terrascan:skip)\b`)
	smuggled   = regexp.MustCompile(`[\r\n]\s*(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|RUN|USER|VOLUME|WORKDIR) `)
	// manyLines are instructions whose lines break in honest histories: in
	// here-documents and in values. Words of no builder are not judged.
	manyLines = []string{"RUN", "COPY", "ADD", "ENV", "LABEL", "ARG", "MAINTAINER", ""}
)
