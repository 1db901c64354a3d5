package check

import (
	"fmt"
	"path"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// secretFindings are the secrets that are visible, or those that were deleted.
func secretFindings(in Input, deleted bool) Result {
	c := in.Image.Contents
	if c == nil {
		return unknown("no layer was read")
	}
	var findings []Finding
	for _, s := range c.Secrets {
		if s.Deleted != deleted || acceptedPath(in.Options.AllowedSecretPaths, s.Path) {
			continue
		}
		where := s.Path
		if s.Line > 0 {
			where += fmt.Sprintf(" line %d", s.Line)
		}
		f := Finding{Severity: s.Severity, Message: fmt.Sprintf("%s in %s (rule %s)", s.Title, where, s.RuleID), Layer: at(s.Layer), Path: s.Path}
		if s.Package != "" {
			// Keys that a distribution ships for its tests are no one's secret.
			f.Message += fmt.Sprintf("; the file belongs to the package %s", s.Package)
			if f.Severity.Rank() > gate.SeverityMedium.Rank() {
				f.Severity = gate.SeverityMedium
			}
		}
		f.Fix = "revoke it, and rebuild without it; mount it at run time, or at build time with RUN --mount=type=secret"
		if deleted {
			f.Message += fmt.Sprintf("; layer %d deletes it, and layer %d still holds it for everyone who pulls the image", s.RemovedBy, s.Layer)
			f.Fix = "revoke it, and rebuild so that no layer ever holds it: deleting it later does not help"
		}
		findings = append(findings, f)
	}
	return verdictOn(bounded(findings, "secrets"))
}

// acceptedPath matches the policy's globs; "**" stands for any depth.
func acceptedPath(globs []string, p string) bool {
	for _, g := range globs {
		if prefix, deep := strings.CutSuffix(g, "/**"); deep {
			if strings.HasPrefix(p, prefix+"/") {
				return true
			}
			continue
		}
		if ok, err := path.Match(g, p); err == nil && ok {
			return true
		}
	}
	return false
}
