package check

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// RemoteAdd is HIST-05.
var RemoteAdd = &Check{
	ID: "HIST-05", Name: "remote-add", Severity: gate.SeverityMedium, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "ADD of a URL or a git repository in the history, above the base where that is proven.",
		Why:      "What the server answers goes into the image. ADD --checksum would hold it to what was reviewed; BuildKit does not record whether it was used, so over https it is only LOW there.",
		Example:  "ADD http://… fails, as does the first builder's ADD https://…; a git commit by its 40 digits passes. Base images are made with ADD rootfs.tar: that is no URL.",
		Fix:      "Use ADD --checksum=sha256:…, or a git commit; where that is so already, make an exception for the URL.",
		Controls: []string{"CIS Docker 4.9"},
	},
	Decide: func(in Input) Result {
		return overHistory(in, func(s step) []Finding {
			if s.instruction != "ADD" || s.layer != nil && FromBase(in.Image, *s.layer) {
				return nil
			}
			var findings []Finding
			for _, source := range strings.Fields(s.args) {
				if strings.HasPrefix(source, "--checksum=") {
					return nil
				}
				if !remoteSource.MatchString(source) || pinnedCommit.MatchString(source) {
					continue
				}
				severity, doubt := gate.SeverityMedium, ""
				if !s.classic && !strings.HasPrefix(source, "http://") && !strings.HasPrefix(source, "git://") {
					severity, doubt = gate.SeverityLow, " (the history does not say whether with --checksum)"
				}
				shown := subject(Redact(source))
				findings = append(findings, Finding{Severity: severity, Message: fmt.Sprintf("ADD of %.100q%s", shown, doubt), Fix: "use ADD --checksum=sha256:…, or a git commit", Subject: shown})
			}
			return findings
		})
	},
}

var (
	remoteSource = regexp.MustCompile(`^(https?://|git://|ssh://|git@)`)
	pinnedCommit = regexp.MustCompile(`#[0-9a-f]{40}(:|$)`)
)
