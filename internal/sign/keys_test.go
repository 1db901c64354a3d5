package sign

import (
	"bytes"
	"testing"

	"github.com/sigstore/sigstore/pkg/signature/dsse"

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
