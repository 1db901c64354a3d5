package check

import (
	"fmt"
	"path"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// privateKeyRule is Trivy's id of its rule for private keys. What it finds is
// told by CRED-02, and by CRED-04 once deleted, beside the keys that the layers
// tell of themselves.
const privateKeyRule = "private-key"

// packaged reports whether a secret is a file of a package of the proven base:
// distributions ship test keys, which are nobody's secret. A list of files in
// any other layer is its author's word.
func packaged(in Input, pkg string, layer int) bool {
	return pkg != "" && FromBase(in.Image, layer)
}

// mountSecret is how a secret in a file is mended.
const mountSecret = "revoke it, and rebuild without it; mount it at run time, or at build time with RUN --mount=type=secret"

// secretFindings are the secrets that a scan of the layers matched, visible or
// deleted ones, without private keys.
func secretFindings(in Input, deleted bool) []Finding {
	var findings []Finding
	for _, s := range in.Image.Contents.Secrets {
		if s.Deleted != deleted || s.RuleID == privateKeyRule || acceptedPath(in.Options.AllowedSecretPaths, s.Path) {
			continue
		}
		where := s.Path
		if s.Line > 0 {
			where += fmt.Sprintf(" line %d", s.Line)
		}
		f := Finding{Severity: s.Severity, Message: fmt.Sprintf("%s in %s (rule %s)", s.Title, where, s.RuleID), Layer: at(s.Layer), Path: s.Path, Subject: s.RuleID}
		if s.Package != "" {
			f.Message += fmt.Sprintf("; the file belongs to the package %.100s", s.Package)
		}
		if packaged(in, s.Package, s.Layer) && f.Severity.Rank() > gate.SeverityMedium.Rank() {
			f.Severity = gate.SeverityMedium
		}
		f.Fix = mountSecret
		if deleted {
			f = stillPulled(f, s.Layer, s.RemovedBy)
		}
		findings = append(findings, f)
	}
	return findings
}

// secretFile is a finding about a file that holds a secret, graded: one that is
// encrypted, or that the proven base's packages ship, is MEDIUM at most.
func secretFile(in Input, f gate.SecretFile, severity gate.Severity, says string) Finding {
	out := Finding{Severity: severity, Message: fmt.Sprintf("%s %s (%s", f.Path, says, f.Kind), Layer: at(f.Layer), Path: f.Path, Subject: f.Kind}
	if f.Detail != "" {
		out.Message += fmt.Sprintf(": %.100q", f.Detail)
	}
	out.Message += ")"
	if f.Encrypted {
		out.Message += "; a passphrase protects it"
	}
	if f.Package != "" {
		out.Message += fmt.Sprintf("; it belongs to the package %.100s", f.Package)
	}
	if (f.Encrypted || packaged(in, f.Package, f.Layer)) && severity.Rank() > gate.SeverityMedium.Rank() {
		out.Severity = gate.SeverityMedium
	}
	out.Fix = mountSecret
	if f.Deleted {
		out = stillPulled(out, f.Layer, f.RemovedBy)
	}
	return out
}

// stillPulled says of a deleted file that it can still be had.
func stillPulled(f Finding, layer, removedBy int) Finding {
	f.Message += fmt.Sprintf("; layer %d deletes it, and layer %d still holds it for everyone who pulls the image", removedBy, layer)
	f.Fix = "revoke it, and rebuild so that no layer ever holds it: deleting it later does not help"
	return f
}

// privateKeys are the keys of all layers: those the layers tell of, and those
// that Trivy's rule found in other files, each file once.
func privateKeys(c *gate.Contents) []gate.SecretFile {
	type place struct {
		layer int
		path  string
	}
	keys, seen := make([]gate.SecretFile, 0, len(c.Keys)), map[place]bool{}
	for _, k := range c.Keys {
		seen[place{k.Layer, k.Path}] = true
		keys = append(keys, k)
	}
	for _, s := range c.Secrets {
		if s.RuleID != privateKeyRule || seen[place{s.Layer, s.Path}] {
			continue
		}
		seen[place{s.Layer, s.Path}] = true
		keys = append(keys, gate.SecretFile{Kind: "private key", Path: s.Path, Layer: s.Layer, Package: s.Package, Deleted: s.Deleted, RemovedBy: s.RemovedBy})
	}
	return keys
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
