package layer

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// authority is a self-signed certificate in PEM, and its fingerprint.
func authority(t testing.TB, name string) (text, fingerprint string) {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	key := ed25519.NewKeyFromSeed(seed[:])
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Unix(1<<31, 0), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), hex.EncodeToString(sum[:])
}

func TestCertificatesThatWereAddedToTheTrustStore(t *testing.T) {
	a, _ := authority(t, "A")
	b, _ := authority(t, "B")
	c, fingerprint := authority(t, "C\x1b[2J "+strings.Repeat("c", 500))
	odd := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no certificate at all")}))
	const debian, fedora = "etc/ssl/certs/ca-certificates.crt", "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
	for _, tt := range []struct {
		name   string
		layers [][]member
		bundle string
		count  int
		added  []string // subject and layer
	}{
		{"no bundle", [][]member{{program("app")}}, "", 0, nil},
		{"the base's own", [][]member{{file(debian, "# comment\n"+a+b)}, {program("app")}}, "/" + debian, 2, nil},
		{"one more in a later layer", [][]member{{file(debian, a)}, {program("app")}, {file(debian, a+b)}}, "/" + debian, 2, []string{"CN=B 2"}},
		{"the layer that brought it first counts", [][]member{{file(debian, a)}, {file(debian, a+b)}, {file(debian, b+a)}}, "/" + debian, 2, []string{"CN=B 1"}},
		{"one that is gone again does not count", [][]member{{file(debian, a)}, {file(debian, a+b)}, {file(debian, a)}}, "/" + debian, 1, nil},
		{"a deleted bundle does not count", [][]member{{file(debian, a)}, {whiteout(debian)}}, "", 0, nil},
		{"an empty one counts", [][]member{{file(debian, "")}}, "/" + debian, 0, nil},
		{"a certificate that is there twice is one", [][]member{{file(debian, a+a)}}, "/" + debian, 1, nil},
		{"a certificate that cannot be read still has a fingerprint", [][]member{{file(debian, a)}, {file(debian, a+odd)}}, "/" + debian, 2, []string{" 1"}},
		{"a first bundle of a later layer is the base's", [][]member{{program("app")}, {file(debian, a+b)}}, "/" + debian, 2, nil},
		{"a bundle that a later layer puts before the base's", [][]member{{file(fedora, a)}, {file(debian, a+b)}}, "/" + debian, 2, []string{"CN=B 1"}},
		{"through links", [][]member{{file(fedora, a), symlink("etc/pki/tls/certs/ca-bundle.crt", "/"+fedora)}, {file(fedora, a+b)}}, "/" + fedora, 2, []string{"CN=B 1"}},
		{"in the store of Nix", [][]member{{file("nix/store/0-cacert/etc/ssl/certs/ca-bundle.crt", a), symlink("etc/ssl/certs/ca-certificates.crt", "/nix/store/0-cacert/etc/ssl/certs/ca-bundle.crt")}}, "/nix/store/0-cacert/etc/ssl/certs/ca-bundle.crt", 1, nil},
		{"keys and text between are passed over", [][]member{{file(debian, "-----BEGIN X-----\nAAAA\n-----END X-----\n"+a+"-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"+b+"-----BEGIN CERTIFICATE-----\nAAAA")}}, "/" + debian, 2, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, image := imageOf(t, gate.Config{}, tt.layers...)
			trust := image.Trust
			var added []string
			for _, c := range trust.Added {
				added = append(added, fmt.Sprintf("%s %d", c.Subject, c.Layer))
			}
			if trust.Bundle != tt.bundle || trust.Count != tt.count || len(image.Truncated) > 0 {
				t.Errorf("bundle %q with %d certificates, cut %v", trust.Bundle, trust.Count, image.Truncated)
			}
			expect(t, added, tt.added)
		})
	}
	_, image := imageOf(t, gate.Config{}, []member{file(debian, a)}, []member{file(debian, a+c)})
	got := image.Trust.Added[0]
	if got.Fingerprint != fingerprint || len(got.Subject) > maxSubject+10 || strings.Contains(got.Subject, "\x1b") {
		t.Errorf("certificate %+v, want %s", got, fingerprint)
	}
}

func TestBundlesAreBounded(t *testing.T) {
	var many strings.Builder
	for i := range maxCertificates + 10 {
		_ = pem.Encode(&many, &pem.Block{Type: "CERTIFICATE", Bytes: fmt.Append(nil, i)})
	}
	for name, body := range map[string]string{"too many certificates": many.String(), "too many bytes": strings.Repeat("#\n", bundleFile)} {
		t.Run(name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, []member{file("etc/ssl/certs/ca-certificates.crt", body)})
			if c.Trust.Count > maxCertificates {
				t.Errorf("%d certificates", c.Trust.Count)
			}
			expect(t, c.Truncated, []string{"trust"})
		})
	}
	t.Run("a bundle under a name that is not looked at", func(t *testing.T) {
		_, c := imageOf(t, gate.Config{}, []member{file("opt/ca.pem", "x"), symlink("etc/ssl/cert.pem", "/opt/ca.pem")})
		if c.Trust.Bundle != "/opt/ca.pem" || c.Trust.Count != 0 {
			t.Errorf("trust %+v", c.Trust)
		}
		expect(t, c.Truncated, []string{"trust"})
	})
	t.Run("too many bundles", func(t *testing.T) {
		var members []member
		for i := range maxBundles + 10 {
			members = append(members, file(fmt.Sprintf("%d/etc/ssl/cert.pem", i), "x"))
		}
		members = append(members, file("etc/ssl/cert.pem", "x"))
		if f := factsOf(t, members...); len(f.Bundles) != maxBundles+1 || len(f.Cut) != 1 {
			t.Errorf("%d bundles, cut %v", len(f.Bundles), f.Cut)
		}
	})
}

// FuzzBundle reads any bytes as a bundle.
func FuzzBundle(f *testing.F) {
	a, _ := authority(f, "A")
	f.Add([]byte(a + a))
	f.Add([]byte(strings.Replace(a, "CERTIFICATE", "TRUSTED CERTIFICATE", 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		certificates, _ := parseBundle(b)
		if len(certificates) > maxCertificates || len(certificates) > len(b)/len(certificateBegin) {
			t.Errorf("%d certificates in %d bytes", len(certificates), len(b))
		}
		for _, c := range certificates {
			if len(c.Subject) > maxSubject+10 || strings.ContainsAny(c.Subject, "\x00\x1b\n") {
				t.Errorf("subject %q", c.Subject)
			}
		}
	})
}
