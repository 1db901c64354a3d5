package sign

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"

	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore/pkg/signature/dsse"
	"github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestOnlyANamedKeysEnvelopeIsVerified(t *testing.T) {
	ours, theirs := newKey(t), newKey(t)
	envelope, err := dsse.WrapSigner(ours.signer, inTotoPayload).SignMessage(bytes.NewReader([]byte(`{"_type":"x"}`)))
	if err != nil {
		t.Fatal(err)
	}
	named := func(k *Key) []gate.NamedKey {
		return []gate.NamedKey{{Name: "a key", PEM: string(k.PublicKeyPEM())}}
	}
	keys := Keys{}
	if !keys.Envelope(named(ours), envelope) {
		t.Error("the envelope of the named key is refused")
	}
	if keys.Envelope(named(theirs), envelope) {
		t.Error("the envelope of another key is accepted")
	}
	if !keys.Envelope(append(named(theirs), named(ours)...), envelope) {
		t.Error("one of several keys is not found")
	}
	changed := bytes.Replace(envelope, []byte(`"payload":"`), []byte(`"payload":"e30K`), 1)
	if keys.Envelope(named(ours), changed) {
		t.Error("a changed envelope is accepted")
	}
	if keys.Envelope(nil, envelope) || keys.Envelope(named(ours), []byte("not JSON")) {
		t.Error("something else is accepted")
	}
}

// sigstore is a Sigstore in this process, without certificate transparency.
type sigstore struct{ *ca.VirtualSigstore }

func (sigstore) CTLogs() map[string]*root.TransparencyLog { return nil }

// signKeyless puts a keyless signature under the digest's .sig tag, as cosign
// does: with a Rekor entry, or with a timestamp.
func (s *server) signKeyless(t *testing.T, vs *ca.VirtualSigstore, identity, issuer, repository, digest string, timestamp bool) {
	t.Helper()
	tg, err := newTarget(t.Context(), plain, nil, repository, digest)
	if err != nil {
		t.Fatal(err)
	}
	body, err := payload.Cosign{Image: tg.digest}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	entity, err := vs.Sign(identity, issuer, body)
	if err != nil {
		t.Fatal(err)
	}
	content, err := entity.SignatureContent()
	if err != nil {
		t.Fatal(err)
	}
	verification, err := entity.VerificationContent()
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: verification.Certificate().Raw})
	options := []static.Option{static.WithCertChain(cert, nil)}
	if timestamp {
		stamps, err := entity.Timestamps()
		if err != nil || len(stamps) == 0 {
			t.Fatalf("%d timestamps, %v", len(stamps), err)
		}
		options = append(options, static.WithRFC3161Timestamp(&cbundle.RFC3161Timestamp{SignedRFC3161Timestamp: stamps[0]}))
	} else {
		entries, err := entity.TlogEntries()
		if err != nil || len(entries) == 0 {
			t.Fatalf("%d log entries, %v", len(entries), err)
		}
		e := entries[0]
		p := cbundle.RekorPayload{Body: e.Body(), IntegratedTime: e.IntegratedTime().Unix(), LogIndex: e.LogIndex(), LogID: hex.EncodeToString([]byte(e.LogKeyID()))}
		promise, err := vs.RekorSignPayload(tlog.RekorPayload{Body: p.Body, IntegratedTime: p.IntegratedTime, LogIndex: p.LogIndex, LogID: p.LogID})
		if err != nil {
			t.Fatal(err)
		}
		options = append(options, static.WithBundle(&cbundle.RekorBundle{SignedEntryTimestamp: promise, Payload: p}))
	}
	sig, err := static.NewSignature(body, base64.StdEncoding.EncodeToString(content.Signature()), options...)
	if err != nil {
		t.Fatal(err)
	}
	if err := tg.writeTag(sig); err != nil {
		t.Fatal(err)
	}
}

func TestABaseSignedByAnIdentity(t *testing.T) {
	const issuer, subject = "https://accounts.example.org", "builder@example.org"
	vs, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	other, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	identity := func(issuer, subject string) []gate.NamedKey {
		return []gate.NamedKey{{Name: subject, Issuer: issuer, Subject: subject}}
	}
	for _, how := range []struct {
		name      string
		timestamp bool
	}{{"told by the log", false}, {"told by a timestamp", true}} {
		t.Run(how.name, func(t *testing.T) {
			s := serve(t, true)
			repository, digest := s.push(t, "base")
			k := Keys{VerifyOptions: VerifyOptions{Remote: plain}, Trust: sigstore{vs}}
			check := func(name string, k Keys, who []gate.NamedKey, want, says string) {
				t.Helper()
				by, reason, err := k.SignedBy(t.Context(), who, repository, digest)
				if err != nil || by != want || !strings.Contains(reason, says) {
					t.Errorf("%s: by %q, %q, %v; want %q, %q", name, by, reason, err, want, says)
				}
			}
			check("before", k, identity(issuer, subject), "", "there is no signature")
			s.signKeyless(t, vs, subject, issuer, repository, digest, how.timestamp)
			check("the identity", k, identity(issuer, subject), subject, "")
			check("another subject", k, identity(issuer, "somebody@example.org"), "", "none is by somebody@example.org")
			check("another issuer", k, identity("https://elsewhere.example.org", subject), "", "none is by")
			check("another Sigstore", Keys{VerifyOptions: k.VerifyOptions, Trust: sigstore{other}}, identity(issuer, subject), "", "none is by")
			check("no trusted root", Keys{VerifyOptions: k.VerifyOptions}, identity(issuer, subject), "", "--trusted-root")
			_, digest2 := s.push(t, "base")
			if by, _, err := k.SignedBy(t.Context(), identity(issuer, subject), repository, digest2); by != "" || err != nil {
				t.Errorf("another digest: by %q, %v", by, err)
			}
		})
	}
	if _, err := LoadTrust("keys_test.go"); gate.CodeOf(err) != gate.CodeInvalid {
		t.Errorf("a trusted root of another kind: %v", err)
	}
}
