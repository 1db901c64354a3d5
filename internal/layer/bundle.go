package layer

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// BundleCertificate is what is kept of a certificate.
type BundleCertificate struct {
	Fingerprint [sha256.Size]byte // of its DER form
	Subject     string
}

// Bounds of what is kept of bundles. Mozilla's list has some 150 certificates.
const (
	maxCertificates = 2000 // of one bundle
	maxBundles      = 8    // of one layer, beside those where TLS libraries look
	maxSubject      = 200
)

// bundle keeps the certificates of a bundle.
func (w *walk) bundle(e *Entry, b []byte) {
	if len(w.facts.Bundles) >= maxBundles && !slices.Contains(bundlePaths, e.Path) {
		w.cut("trust")
		return
	}
	certificates, whole := parseBundle(b)
	if !whole || e.Size > bundleFile {
		w.cut("trust")
	}
	if w.facts.Bundles == nil {
		w.facts.Bundles = map[string][]BundleCertificate{}
	}
	w.facts.Bundles[e.Path] = certificates
}

var (
	certificateBegin = []byte("-----BEGIN CERTIFICATE-----")
	trustedBegin     = []byte("-----BEGIN TRUSTED CERTIFICATE-----")
)

// parseBundle reads the certificates of a PEM file once each; whole is false
// when there are more than are kept. What is not PEM is passed over, as TLS
// libraries do.
func parseBundle(b []byte) (certificates []BundleCertificate, whole bool) {
	seen := map[[sha256.Size]byte]bool{}
	for {
		i := bytes.Index(b, pemBegin)
		if i < 0 {
			return certificates, true
		}
		b = b[i:]
		body, ok := bytes.CutPrefix(b, certificateBegin)
		if !ok {
			body, ok = bytes.CutPrefix(b, trustedBegin)
		}
		b = b[len(pemBegin):]
		if !ok {
			continue
		}
		end := bytes.Index(body, pemDash)
		if end < 0 {
			return certificates, true
		}
		b = body[end:]
		der := make([]byte, base64.StdEncoding.DecodedLen(end))
		n, err := base64.StdEncoding.Decode(der, body[:end]) // line ends are left out
		if err != nil || n == 0 {
			continue
		}
		der = der[:n]
		c := BundleCertificate{Fingerprint: sha256.Sum256(der)}
		if seen[c.Fingerprint] {
			continue
		}
		if len(certificates) >= maxCertificates {
			return certificates, false
		}
		seen[c.Fingerprint] = true
		if len(der) <= maxCertificate {
			if parsed, err := x509.ParseCertificate(der); err == nil {
				c.Subject = bounded(parsed.Subject.String(), maxSubject)
			}
		}
		certificates = append(certificates, c)
	}
}

// maxCertificate bounds what is given to a parser, in bytes.
const maxCertificate = 64 << 10

// bundlePaths are where TLS libraries look, the first that is there first
// (crypto/x509, root_linux.go).
var bundlePaths = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem", "/etc/ssl/certs/ca-bundle.crt",
}

// trust is what the image trusts, and what was added to it.
func (g *gatherer) trust() *gate.Trust {
	for _, p := range bundlePaths {
		n, at := g.view.Resolve(p)
		if n == nil || n.Entry == nil || n.Entry.Kind != File {
			continue
		}
		from := n.origin()
		t := &gate.Trust{Bundle: printable(at)}
		final, kept := g.view.facts[from.layer].Bundles[from.path]
		if !kept && !from.empty {
			g.truncated("trust") // it lies under a name that is not looked at
		}
		t.Count = len(final)
		t.Added = g.added(final, from)
		return t
	}
	return &gate.Trust{}
}

// added are the certificates that the first layer with a bundle does not have,
// with the first layer that has them.
func (g *gatherer) added(final []BundleCertificate, from origin) []gate.Certificate {
	since := map[[sha256.Size]byte]int{}
	first := -1
	for i, f := range g.view.facts[:from.layer+1] {
		for p, certificates := range f.Bundles {
			if p != from.path && !slices.Contains(bundlePaths, p) {
				continue
			}
			if first < 0 {
				first = i
			}
			for _, c := range certificates {
				if _, ok := since[c.Fingerprint]; !ok {
					since[c.Fingerprint] = i
				}
			}
		}
	}
	var added []gate.Certificate
	for _, c := range final {
		if layer, ok := since[c.Fingerprint]; ok && layer > first {
			if len(added) >= maxList {
				g.truncated("trust")
				break
			}
			added = append(added, gate.Certificate{Fingerprint: hex.EncodeToString(c.Fingerprint[:]), Subject: c.Subject, Layer: layer})
		}
	}
	return added
}
