package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

const certificateRights = `callers:
- name: tokens-only
  rights: [{verbs: [admin], repositories: ["**"]}]
- name: shop-main
  certificate: {uri: "spiffe://shop.example/ns/ci/sa/main"}
- name: shop
  certificate: {uri: ["spiffe://shop.example/ns/ci/sa/*", "urn:shop:ci:**"]}
  rights: [{verbs: [read], repositories: [registry.example/shop/*]}]
  limit: {perMinute: 7}
- name: runners
  certificate: {dns: ["*.CI.shop.example", build.shop.example], commonName: [old-runner, "other runner"]}
`

// leaf makes a certificate with the names, as a parser gives it.
func leaf(t testing.TB, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: start, NotAfter: start, BasicConstraintsValid: true}
	change(c)
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// of gives a certificate URIs.
func of(uris ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, s := range uris {
			u, err := url.Parse(s)
			if err != nil {
				panic(err)
			}
			c.URIs = append(c.URIs, u)
		}
	}
}

func hosts(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames = names }
}

func common(name string, more ...func(*x509.Certificate)) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: name}
		for _, m := range more {
			m(c)
		}
	}
}

func TestACertificateNamesTheFirstCallerItFits(t *testing.T) {
	r := newRig(t, certificateRights)
	many := make([]string, maxNames+1)
	for i := range many {
		many[i] = fmt.Sprintf("h%d.example", i)
	}
	for name, test := range map[string]struct {
		make       func(*x509.Certificate)
		want, says string
	}{
		"the first of two that fit":       {of("spiffe://shop.example/ns/ci/sa/main"), "shop-main", ""},
		"a pattern":                       {of("spiffe://shop.example/ns/ci/sa/nightly"), "shop", ""},
		"another pattern of the list":     {of("urn:shop:ci:a:b"), "shop", ""},
		"the second of two URIs":          {of("urn:other", "urn:shop:ci:a"), "shop", ""},
		"a host within the star's label":  {hosts("r7.ci.shop.example"), "runners", ""},
		"a host in capitals":              {hosts("R7.ci.SHOP.example"), "runners", ""},
		"a host by its name":              {hosts("build.shop.example"), "runners", ""},
		"a common name alone":             {common("other runner"), "runners", ""},
		"a URI before the common name":    {common("old-runner", of("spiffe://shop.example/ns/ci/sa/main")), "shop-main", ""},
		"a deeper URI":                    {of("spiffe://shop.example/ns/ci/sa/a/b"), "", "no caller of the rights file has the certificate of uri"},
		"another trust domain":            {of("spiffe://shop.example.evil/ns/ci/sa/main"), "", "no caller"},
		"a trust domain in capitals":      {of("spiffe://SHOP.example/ns/ci/sa/main"), "", "no caller"},
		"an escaped separator":            {of("spiffe://shop.example/ns/ci%2Fsa/main"), "", "no caller"},
		"two SPIFFE IDs":                  {of("spiffe://shop.example/ns/ci/sa/main", "spiffe://evil.example/x"), "", "has exactly one"},
		"a host of two labels":            {hosts("a.b.ci.shop.example"), "", `has the certificate of dns "a.b.ci.shop.example"`},
		"a host without the label":        {hosts("ci.shop.example"), "", "no caller"},
		"a host that begins so":           {hosts("build.shop.example.evil"), "", "no caller"},
		"a common name with a SAN":        {common("old-runner", hosts("x.example")), "", "no caller"},
		"a common name with an IP":        {common("old-runner", func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(10, 0, 0, 1)} }), "", "has no URI or DNS name"},
		"a common name with a SAN unread": {common("old-runner", otherName), "", "has no URI or DNS name"},
		"a common name in capitals":       {common("Old-Runner"), "", "no caller"},
		"no name at all":                  {func(*x509.Certificate) {}, "", "certificate of nobody"},
		"an authority's own":              {common("old-runner", func(c *x509.Certificate) { c.IsCA = true }), "", "is an authority's own"},
		"too many names":                  {hosts(many...), "", "more than 100 names"},
		"a hundred names":                 {hosts(many[:maxNames]...), "", "and 97 more"},
	} {
		c, err := r.AuthenticateCertificate(leaf(t, test.make))
		if test.want != "" && (err != nil || c.Name != test.want || c.Kind != KindCertificate) {
			t.Errorf("%s: %+v, %v; want %s", name, c, err, test.want)
		}
		if test.want == "" && (gate.CodeOf(err) != gate.CodeUnauthorized || c.Name != "" || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: %+v, %v; want %q", name, c, err, test.says)
		}
	}
	c, err := r.AuthenticateCertificate(leaf(t, of("spiffe://shop.example/ns/ci/sa/x")))
	if err != nil || c.PerMinute != 7 || !c.May(Ask{Read, "registry.example/shop/web", ""}) || c.May(Ask{Sign, "registry.example/shop/web", ""}) {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := NewAuthenticator(nil, nil, nil, nil).AuthenticateCertificate(leaf(t, common("old-runner"))); gate.CodeOf(err) != gate.CodeUnauthorized {
		t.Errorf("without a rights file it is %+v, %v", c, err)
	}
}

// otherName gives a certificate a name of a kind that parsers leave out.
func otherName(c *x509.Certificate) {
	// GeneralNames of one registeredID, 1.2.3.
	c.ExtraExtensions = []pkix.Extension{{Id: subjectAltName, Value: []byte{0x30, 0x04, 0x88, 0x02, 0x2a, 0x03}}}
}

func TestMistakesAboutCertificatesAreToldWithTheirLine(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"no name":                    {"{}", "f:3: certificate needs uri, dns or commonName"},
		"an empty list":              {"{uri: []}", "certificate needs uri, dns or commonName"},
		"a name by itself":           {"shop", "f:3: certificate is a single value, expected a mapping"},
		"an unknown form":            {"{email: a@b}", `f:3: unknown field "email" in certificate; expected one of commonName, dns, uri`},
		"a form twice":               {"{uri: 'spiffe://a/b', uri: 'spiffe://a/c'}", "certificate.uri is given twice"},
		"every URI":                  {"{uri: '**'}", `f:3: the uri "**" begins with *`},
		"every trust domain":         {"{uri: 'spiffe://*/ns/ci'}", "names no trust domain"},
		"every trust domain at all":  {"{uri: 'spiffe://**'}", "names no trust domain"},
		"a trust domain half":        {"{uri: 'spiffe://shop*'}", "names no trust domain"},
		"every scheme":               {"{uri: 's*://a/b'}", "has no scheme"},
		"no scheme":                  {"{uri: shop}", "has no scheme"},
		"a rest that is not last":    {"{uri: 'spiffe://a/**/b'}", "so it comes last"},
		"every host":                 {"{dns: '*'}", "does not say whose it is"},
		"every host of two labels":   {"{dns: '*.*'}", "does not say whose it is"},
		"a host whose end is open":   {"{dns: 'build.shop.*'}", "does not say whose it is"},
		"a rest of a host":           {"{dns: '**.shop.example'}", `f:3: the dns name "**.shop.example" has **`},
		"a host without a domain":    {"{dns: build}", "does not say whose it is"},
		"a common name as a pattern": {"{commonName: 'ci-*'}", "f:3: the commonName \"ci-*\" has a *"},
		"an empty common name":       {"{commonName: ''}", "f:3: commonName is empty"},
		"a mapping as a name":        {"{dns: [{a: b}]}", "f:3: dns is a mapping"},
	} {
		_, err := ParseRights("f", []byte("callers:\n- name: a\n  certificate: "+test.text+"\n"))
		if gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestARightsFileSaysWhetherItNamesCertificates(t *testing.T) {
	for text, want := range map[string]bool{certificateRights: true, whole: false} {
		path := filepath.Join(t.TempDir(), "rights.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if f, err := OpenFile(path); err != nil || f.NamesCertificates() != want {
			t.Errorf("%.60q: %v", text, err)
		}
	}
}

func TestTheGuidesCertificatesLoad(t *testing.T) {
	guide, err := os.ReadFile("../../docs/how-to/callers.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "\n## Certificates\n")
	_, rest, _ = strings.Cut(rest, "```yaml\n")
	text, _, found := strings.Cut(rest, "```")
	r := newRig(t, "callers:\n"+text)
	if c, err := r.AuthenticateCertificate(leaf(t, hosts("m1.build.shop.example"))); !found || err != nil || c.Name != "build-machines" {
		t.Errorf("%t, %+v, %v", found, c, err)
	}
}

// Whatever the names are, only what a pattern says is a caller's, and the
// answer stays short.
func FuzzCertificateNames(f *testing.F) {
	r := newRig(f, certificateRights)
	for _, s := range []string{"spiffe://shop.example/ns/ci/sa/main", "urn:shop:ci:", "r.ci.shop.example", "old-runner", strings.Repeat("a.", 2000), "\x00", "%"} {
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, uri, host, name string) {
		c := &x509.Certificate{DNSNames: []string{host}, Subject: pkix.Name{CommonName: name}}
		if u, err := url.Parse(uri); err == nil {
			c.URIs = []*url.URL{u}
		}
		who, err := r.AuthenticateCertificate(c)
		switch {
		case err != nil && (gate.CodeOf(err) != gate.CodeUnauthorized || len(err.Error()) > 8<<10):
			t.Errorf("%d bytes: %v", len(err.Error()), err)
		case who.Name == "tokens-only":
			t.Error("a certificate is a caller who has none")
		case who.Name == "runners" && name != "old-runner" && name != "other runner" && !strings.EqualFold(host, "build.shop.example") && !strings.HasSuffix(strings.ToLower(host), ".ci.shop.example"):
			t.Errorf("%q %q %q is runners", uri, host, name)
		}
	})
}
