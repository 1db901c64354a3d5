package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// standing is what a policy made of a finding.
type standing string

const (
	denied standing = "denied"
	warned standing = "warned"
	waived standing = "waived"
	noted  standing = "noted"
)

// finding is one finding with its standing.
type finding struct {
	gate.Violation
	Standing standing
}

// findings are all of a verdict's, what denies first.
func findings(v gate.Verdict) []finding {
	var all []finding
	for _, l := range []struct {
		standing standing
		list     []gate.Violation
	}{{denied, v.Violations}, {warned, v.Warnings}, {waived, v.Waived}, {noted, v.Notes}} {
		for _, f := range l.list {
			all = append(all, finding{f, l.standing})
		}
	}
	return all
}

// identity tells findings apart through rebuilds: no digest, layer, version or
// order is in it. Two platforms of an image share their findings' identities.
func identity(f gate.Violation) string {
	parts := []string{f.Check, "", "", f.Path, f.Subject}
	if f.Vulnerability != nil {
		parts[1] = f.Vulnerability.ID
	}
	if f.Package != nil {
		parts[2] = f.Package.Name
	}
	return strings.Join(parts, "\x00")
}

// fingerprint is identity in a form that can be printed.
func fingerprint(f gate.Violation) string {
	sum := sha256.Sum256([]byte(identity(f)))
	return hex.EncodeToString(sum[:16])
}

// repository is the image without tag and digest, so that it is the same after
// a rebuild.
func repository(v gate.Verdict) string {
	ref, err := gate.ParseReference(v.Image)
	switch {
	case err != nil:
		return cmp.Or(short(v.Image, 300), "image")
	case ref.Repository != "":
		return clean(ref.Repository)
	}
	return short(string(ref.Scheme)+"/"+ref.Path, 300)
}

// place is where a finding is, in words; empty for the image as a whole.
func place(f gate.Violation) string {
	var parts []string
	if f.Path != "" {
		parts = append(parts, short(f.Path, 200))
	}
	if f.Subject != "" && !strings.HasSuffix(f.Path, f.Subject) {
		parts = append(parts, short(f.Subject, 100))
	}
	if f.Layer != nil {
		parts = append(parts, fmt.Sprintf("layer %d", f.Layer.Index))
	}
	return strings.Join(parts, ", ")
}

// waiverText is who accepted a risk, until when, and why.
func waiverText(w gate.WaiverRef) string {
	word := "waived by"
	if w.Expired {
		word = "no longer waived: the waiver ended; it was given by"
	}
	return fmt.Sprintf("%s %s until %s: %s", word, short(w.Owner, 100), w.Until(), short(w.Reason, 500))
}

var (
	cveID  = regexp.MustCompile(`^CVE-\d{4}-\d{1,12}$`)
	ghsaID = regexp.MustCompile(`^GHSA(-[0-9a-z]{4}){3}$`)
)

// advisory is a page about a vulnerability, made from its id alone: a link that
// a database or an image's author wrote is not followed. Empty for ids whose
// pages have no fixed place.
func advisory(id string) string {
	switch {
	case cveID.MatchString(id):
		return "https://nvd.nist.gov/vuln/detail/" + id
	case ghsaID.MatchString(id):
		return "https://github.com/advisories/" + id
	}
	return ""
}
