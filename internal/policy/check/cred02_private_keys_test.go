package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPrivateKeys(t *testing.T) {
	keys := func(list ...gate.SecretFile) func(*Input) {
		return func(in *Input) { in.Image.Contents.Keys = list }
	}
	matched := func(in *Input) {
		in.Image.Contents.Secrets = []gate.Secret{{RuleID: "private-key", Title: "Asymmetric Private Key", Severity: gate.SeverityHigh, Path: "/app/tls.key", Line: 1}}
	}
	key := gate.SecretFile{Kind: "PEM private key", Path: "/app/tls.key"}
	encrypted, shipped, deleted := key, key, key
	encrypted.Encrypted, shipped.Package, deleted.Deleted = true, "libexample", true
	test(t, PrivateKeys, []scenario{
		{name: "none", want: Pass},
		{name: "a key", change: keys(key), want: Fail, severity: gate.SeverityHigh, says: "/app/tls.key is a private key or holds one (PEM private key)"},
		{name: "a key that a passphrase protects", change: keys(encrypted), want: Fail, severity: gate.SeverityMedium, says: "passphrase"},
		{name: "the worst comes first", change: keys(encrypted, key), want: Fail, severity: gate.SeverityHigh},
		{name: "a key that a pattern found", change: matched, want: Fail, severity: gate.SeverityHigh, says: "/app/tls.key"},
		{name: "a package's own, of the proven base", change: func(in *Input) {
			keys(shipped)(in)
			in.Image.Base = &gate.Base{Proof: gate.ProofProven, Layers: 1}
		}, want: Fail, severity: gate.SeverityMedium, says: "libexample"},
		{name: "a package's own, by the word of a layer", change: keys(shipped), want: Fail, severity: gate.SeverityHigh, says: "libexample"},
		{name: "accepted by path", change: func(in *Input) {
			keys(key)(in)
			in.Options.AllowedSecretPaths = []string{"/app/*.key"}
		}, want: Pass},
		{name: "a deleted one is the business of CRED-04", change: keys(deleted), want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}

func TestAKeyThatTwoLooksFoundIsToldOnce(t *testing.T) {
	in := sound()
	in.Image = &in.Evidence.Images[0]
	in.Image.Contents.Keys = []gate.SecretFile{{Kind: "PEM private key", Path: "/app/tls.key", Layer: 1}}
	in.Image.Contents.Secrets = []gate.Secret{
		{RuleID: "private-key", Path: "/app/tls.key", Layer: 1, Severity: gate.SeverityHigh},
		{RuleID: "private-key", Path: "/app/tls.key", Layer: 0, Severity: gate.SeverityHigh},
	}
	if got := PrivateKeys.Decide(*in); len(got.Findings) != 2 || *got.Findings[0].Layer != 1 || *got.Findings[1].Layer != 0 {
		t.Errorf("%+v", got)
	}
	if got := SecretPatterns.Decide(*in); got.Outcome != Pass {
		t.Errorf("CRED-01 tells of it too: %+v", got)
	}
}
