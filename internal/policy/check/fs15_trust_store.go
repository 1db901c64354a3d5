package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// TrustStore is FS-15.
var TrustStore = &Check{
	ID: "FS-15", Name: "trust-store", Severity: gate.SeverityLow, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "The image's bundle of certificate authorities: whether a distribution's programs have one, and which authorities the image's own layers add to it.",
		Why:     "Without a bundle programs cannot verify a server, and people switch verification off. Whoever holds the key of an added authority can read and change every TLS connection.",
		Example: "A slim image without ca-certificates fails, and so does an authority that a later layer adds; that of your own company passes by its fingerprint in the policy.",
		Fix:     "Install ca-certificates; name the fingerprints of your own authorities in the policy, and remove the others.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		if c.Trust == nil || c.Trust.Count == 0 {
			if !verifiesServers(c) || slices.Contains(c.Truncated, "trust") {
				return judged(c, "certificates", nil, "trust")
			}
			f := Finding{Message: "the image has programs of a distribution and no bundle of certificate authorities: they cannot verify a server", Fix: "install ca-certificates"}
			if c.Trust != nil && c.Trust.Bundle != "" {
				f.Message, f.Path = fmt.Sprintf("the bundle of certificate authorities %s holds none", c.Trust.Bundle), c.Trust.Bundle
			}
			return failed(f)
		}
		var findings []Finding
		for _, a := range c.Trust.Added {
			if FromBase(in.Image, a.Layer) || slices.ContainsFunc(in.Options.AllowedCAs, func(allowed string) bool { return fingerprint(allowed) == fingerprint(a.Fingerprint) }) {
				continue
			}
			findings = append(findings, Finding{
				Message: fmt.Sprintf("layer %d adds the certificate authority %.100q (sha256 %s) to %s", a.Layer, a.Subject, a.Fingerprint, c.Trust.Bundle),
				Fix:     "remove it, or name its fingerprint in the policy if it is yours", Layer: at(a.Layer), Path: c.Trust.Bundle, Subject: a.Fingerprint,
			})
		}
		return judged(c, "certificates", findings, "trust")
	},
}

// verifiesServers reports whether the image has programs that would look for a
// distribution's bundle: one with a C library, and more than a static base.
func verifiesServers(c *gate.Contents) bool {
	distribution := c.OSRelease != nil || len(c.PackageDatabases) > 0
	return distribution && c.Executables > 0 && c.Class.Rank() >= gate.ClassDistroless.Rank()
}

// fingerprint writes a fingerprint as the evidence does, however a person
// wrote it: openssl prints capitals and colons.
func fingerprint(s string) string { return strings.ToLower(strings.ReplaceAll(s, ":", "")) }
