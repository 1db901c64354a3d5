package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/imagegate/imagegate/internal/gate"
)

// keyType is the PEM type of cosign's encrypted keys.
const keyType = "ENCRYPTED SIGSTORE PRIVATE KEY"

// maxKey bounds a key file in bytes.
const maxKey = 64 << 10

// Key signs. It does not print.
type Key struct {
	signer signature.SignerVerifier
	public []byte
}

// String implements fmt.Stringer; like GoString and LogValue it keeps key
// material out of logs.
func (*Key) String() string { return "signing key" }

// GoString implements fmt.GoStringer.
func (*Key) GoString() string { return "signing key" }

// LogValue implements slog.LogValuer.
func (*Key) LogValue() slog.Value { return slog.StringValue("signing key") }

// PublicKeyPEM is the public key as verifiers read it (PKIX).
func (k *Key) PublicKeyPEM() []byte { return slices.Clone(k.public) }

// GenerateKey makes a P-256 key pair: the private key encrypted as cosign does
// it, the public key as PKIX. The password may be empty, which protects
// nothing.
func GenerateKey(password []byte) (private, public []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, gate.NewError(gate.CodeInternal, "no key could be generated", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, gate.NewError(gate.CodeInternal, "no key could be generated", err)
	}
	defer clear(der)
	sealed, err := encrypted.Encrypt(der, password)
	if err != nil {
		return nil, nil, gate.NewError(gate.CodeInternal, "the key could not be encrypted", err)
	}
	if public, err = cryptoutils.MarshalPublicKeyToPEM(key.Public()); err != nil {
		return nil, nil, gate.NewError(gate.CodeInternal, "the public key could not be written", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: keyType, Bytes: sealed}), public, nil
}

// LoadKey reads a private key: cosign's encrypted format, or any PEM that
// cosign imports (PKCS#8, EC, RSA). It never asks for a password. Loading takes
// some 160 ms by design (scrypt), so a process does it once. Errors are
// CodeInvalid.
func LoadKey(private, password []byte) (*Key, error) {
	if len(private) > maxKey {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the signing key is larger than %d bytes: it is not a key", maxKey), nil)
	}
	block, _ := pem.Decode(private)
	if block == nil {
		return nil, gate.NewError(gate.CodeInvalid, "the signing key is not PEM: imagegate key generate makes one", nil)
	}
	parsed, err := cryptoutils.UnmarshalPEMToPrivateKey(private, cryptoutils.StaticPasswordFunc(password))
	if err != nil {
		if block.Type == keyType || block.Type == "ENCRYPTED COSIGN PRIVATE KEY" {
			hint := "COSIGN_PASSWORD is not its password"
			if len(password) == 0 {
				hint = "it is encrypted and COSIGN_PASSWORD is empty"
			}
			return nil, gate.NewError(gate.CodeInvalid, "the signing key cannot be opened: "+hint, nil)
		}
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the signing key (PEM type %.40q) cannot be read", block.Type), nil)
	}
	signer, err := signature.LoadSignerVerifier(parsed, crypto.SHA256)
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "the signing key is of a kind that cosign does not verify: use P-256, P-384, Ed25519 or RSA", err)
	}
	public, err := signer.PublicKey()
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "the signing key has no public key", err)
	}
	text, err := cryptoutils.MarshalPublicKeyToPEM(public)
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "the public key cannot be written", err)
	}
	return &Key{signer: deterministic{signer, parsed}, public: text}, nil
}

// deterministic signs ECDSA as RFC 6979 does, so that the same statement gives
// the same bytes: writing a signature twice then leaves one.
type deterministic struct {
	signature.SignerVerifier
	key crypto.PrivateKey
}

// SignMessage implements signature.Signer.
func (d deterministic) SignMessage(message io.Reader, opts ...signature.SignOption) ([]byte, error) {
	key, ok := d.key.(*ecdsa.PrivateKey)
	if !ok {
		return d.SignerVerifier.SignMessage(message, opts...)
	}
	digest, _, err := signature.ComputeDigestForSigning(message, crypto.SHA256, []crypto.Hash{crypto.SHA256}, opts...)
	if err != nil {
		return nil, err
	}
	return key.Sign(nil, digest, crypto.SHA256) // no source of randomness: RFC 6979
}

// readVerifier reads a public key.
func readVerifier(public []byte) (signature.Verifier, error) {
	if len(public) > maxKey {
		return nil, errors.New("it is too large to be a key")
	}
	key, err := cryptoutils.UnmarshalPEMToPublicKey(public)
	if err != nil {
		return nil, err
	}
	return signature.LoadVerifier(key, crypto.SHA256)
}
