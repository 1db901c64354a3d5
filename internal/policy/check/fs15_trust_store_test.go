package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestTrustStore(t *testing.T) {
	added := func(in *Input) {
		in.Image.Contents.Trust = &gate.Trust{Bundle: "/etc/ssl/certs/ca-certificates.crt", Count: 141, Added: []gate.Certificate{{Fingerprint: "ab12cd", Subject: "CN=Corporate Proxy", Layer: 1}}}
	}
	test(t, TrustStore, []scenario{
		{name: "a static image without a bundle", want: Pass},
		{name: "a slim image without a bundle", change: func(in *Input) { in.Image.Contents.Class = gate.ClassSlim }, want: Fail, severity: gate.SeverityLow, says: "no bundle"},
		{name: "a slim image whose bundle was not read", change: func(in *Input) {
			in.Image.Contents.Class, in.Image.Contents.Truncated = gate.ClassSlim, []string{"trust"}
			in.Image.Contents.Trust = &gate.Trust{Bundle: "/opt/bundle.pem"}
		}, want: Unknown},
		{name: "a slim image with an empty one", change: func(in *Input) {
			in.Image.Contents.Class = gate.ClassSlim
			in.Image.Contents.Trust = &gate.Trust{Bundle: "/etc/ssl/cert.pem"}
		}, want: Fail, says: "/etc/ssl/cert.pem holds none"},
		{name: "busybox without a distribution", change: func(in *Input) {
			in.Image.Contents.Class, in.Image.Contents.OSRelease = gate.ClassSlim, nil
		}, want: Pass},
		{name: "a slim image with a bundle", change: func(in *Input) {
			in.Image.Contents.Class = gate.ClassSlim
			in.Image.Contents.Trust = &gate.Trust{Bundle: "/etc/ssl/certs/ca-certificates.crt", Count: 140}
		}, want: Pass},
		{name: "an added authority", change: added, want: Fail, severity: gate.SeverityLow, says: "CN=Corporate Proxy"},
		{name: "an authority the policy knows", change: func(in *Input) {
			added(in)
			in.Options.AllowedCAs = []string{"AB:12:CD"}
		}, want: Pass},
		{name: "an authority the proven base adds", change: func(in *Input) {
			added(in)
			in.Image.Base = &gate.Base{Proof: gate.ProofMatched, Layers: 2}
		}, want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
