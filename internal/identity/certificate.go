package identity

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxNames bounds the names of a certificate that are looked at.
const maxNames = 100

// subjectAltName is the extension of a certificate's names (RFC 5280, section
// 4.2.1.6).
var subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// holder says which certificates are the caller's: those that have one of the
// names.
type holder struct {
	uri        []string // patterns as a JWT's subject has them
	dns        []string // patterns in lower case, whose parts end at a dot
	commonName []string // as they are, of certificates without other names
}

// holder reads what a caller's certificates are called.
func (p *rightsParser) holder(n *yaml.Node) *holder {
	h := &holder{}
	p.object(n, "certificate", fields{
		"uri":        func(n *yaml.Node) { h.uri = p.uris(n) },
		"dns":        func(n *yaml.Node) { h.dns = p.hosts(n) },
		"commonName": func(n *yaml.Node) { h.commonName = p.commonNames(n) },
	})
	if len(h.uri)+len(h.dns)+len(h.commonName) == 0 {
		p.fail(n, "certificate needs uri, dns or commonName: without a name it would take every certificate of the authority")
	}
	return h
}

func (p *rightsParser) uris(n *yaml.Node) []string {
	out := p.subjects(n, "uri")
	for _, s := range out {
		domain, spiffe := strings.CutPrefix(s, "spiffe://")
		domain, _, _ = strings.Cut(domain, "/")
		switch scheme, _, found := strings.Cut(s, ":"); {
		case strings.HasPrefix(s, "*"): // told already
		case !found || strings.Contains(scheme, "*"):
			p.fail(n, "the uri %.100q has no scheme: write it as the certificate does, such as spiffe://shop.example/ns/ci/sa/*", s)
		case spiffe && (domain == "" || strings.Contains(domain, "*")):
			p.fail(n, "the uri %.100q names no trust domain: write it without a *, such as spiffe://shop.example/ns/ci/sa/*", s)
		}
	}
	return out
}

func (p *rightsParser) hosts(n *yaml.Node) []string {
	out := p.texts(n, "dns")
	for i, s := range out {
		switch {
		case strings.Contains(s, "**"):
			p.fail(n, "the dns name %.100q has **: a * stands for text within one part, so write one for each", s)
		case !strings.Contains(s, "."), strings.Trim(s, "*.") == "", strings.HasSuffix(s, "*"):
			p.fail(n, "the dns name %.100q does not say whose it is: end it with your domain, such as *.ci.shop.example", s)
		}
		out[i] = strings.ToLower(s)
	}
	return out
}

func (p *rightsParser) commonNames(n *yaml.Node) []string {
	out := p.texts(n, "commonName")
	for _, s := range out {
		if strings.Contains(s, "*") {
			p.fail(n, "the commonName %.100q has a *: it is compared as it is, so name each", s)
		}
	}
	return out
}

// AuthenticateCertificate is the caller that shows a certificate, which must
// have been verified: the first in the file's order that one of its names fits.
// CodeUnauthorized says why it is nobody.
func (a *Authenticator) AuthenticateCertificate(leaf *x509.Certificate) (Caller, error) {
	names, err := namesOf(leaf)
	if err != nil {
		return Caller{}, err
	}
	if a.file != nil {
		for _, c := range a.file.now.Load().rights.callers {
			if c.certificate.fits(names) {
				out := c.Caller
				out.Kind = KindCertificate
				return out, nil
			}
		}
	}
	return Caller{}, refused("no caller of the rights file has the certificate of %s", names)
}

// certificateNames are the names that can make a certificate a caller's.
type certificateNames struct {
	uris, hosts []string
	commonName  string // empty where there are other names, of whatever kind
}

// namesOf reads the names of a certificate. Those of an authority, and those
// that SPIFFE forbids to take, name nobody.
func namesOf(leaf *x509.Certificate) (n certificateNames, err error) {
	if leaf.IsCA {
		return n, refused("the certificate is an authority's own: show one that it signed for you")
	}
	if len(leaf.URIs)+len(leaf.DNSNames) > maxNames {
		return n, refused("the certificate has more than %d names", maxNames)
	}
	for _, u := range leaf.URIs {
		if u.Scheme == "spiffe" && len(leaf.URIs) > 1 {
			return n, refused("the certificate has a SPIFFE ID and further URIs: an X509-SVID has exactly one")
		}
		n.uris = append(n.uris, u.String())
	}
	for _, h := range leaf.DNSNames {
		n.hosts = append(n.hosts, strings.ToLower(h))
	}
	if !slices.ContainsFunc(leaf.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(subjectAltName) }) {
		n.commonName = leaf.Subject.CommonName
	}
	return n, nil
}

// String is the names as an answer shows them, bounded.
func (n certificateNames) String() string {
	var out []string
	for _, u := range n.uris {
		out = append(out, fmt.Sprintf("uri %.200q", u))
	}
	for _, h := range n.hosts {
		out = append(out, fmt.Sprintf("dns %.200q", h))
	}
	if n.commonName != "" {
		out = append(out, fmt.Sprintf("commonName %.200q", n.commonName))
	}
	switch {
	case len(out) == 0:
		return "nobody: it has no URI or DNS name, and a common name counts only where there is no other name"
	case len(out) > 3:
		return strings.Join(out[:3], ", ") + fmt.Sprintf(" and %d more", len(out)-3)
	}
	return strings.Join(out, ", ")
}

// fits reports whether one of the names is the caller's.
func (h *holder) fits(n certificateNames) bool {
	if h == nil {
		return false
	}
	some := func(patterns, names []string, match func(pattern, name string) bool) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			return slices.ContainsFunc(names, func(name string) bool { return match(p, name) })
		})
	}
	return some(h.uri, n.uris, matchSubject) || some(h.dns, n.hosts, matchHost) || (n.commonName != "" && slices.Contains(h.commonName, n.commonName))
}

// matchHost compares a DNS name with a pattern, whose * stays within a label.
func matchHost(pattern, host string) bool {
	return len(host) <= maxSubject && matchStars(pattern, host, ".")
}
