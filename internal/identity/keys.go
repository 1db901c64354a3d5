package identity

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are the ones a signature may be made with. None of them takes a
// secret that the gate would share with the signer, and "none" is none of them.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// The bounds of an issuer's keys.
const (
	maxKeySet  = 1 << 20 // bytes
	maxKeys    = 100
	minRSABits = 2048
	maxRSABits = 8192
	maxUnnamed = 10 // keys tried for a token that names none
)

// jwk is one key.
type jwk = jose.JSONWebKey

// keySet is an issuer's public keys.
type keySet []jwk

// parseKeySet reads a JWKS (RFC 7517). Keys of kinds that are not known, of
// other uses, private, shared or too weak ones are left out.
func parseKeySet(data []byte) (keySet, error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, errors.New("it is not a JSON Web Key Set")
	}
	if len(raw.Keys) > maxKeys {
		return nil, fmt.Errorf("it holds %d keys, expected at most %d", len(raw.Keys), maxKeys)
	}
	var out keySet
	for _, r := range raw.Keys {
		var k jwk
		if k.UnmarshalJSON(r) == nil && usable(k) {
			out = append(out, k)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("it holds no public key for signatures: expected RSA of 2048 bits or more, EC or Ed25519")
	}
	return out, nil
}

func usable(k jwk) bool {
	if !k.Valid() || !k.IsPublic() || (k.Use != "" && k.Use != "sig") {
		return false
	}
	if r, ok := k.Key.(*rsa.PublicKey); ok {
		return r.N.BitLen() >= minRSABits && r.N.BitLen() <= maxRSABits && r.E >= 3 && r.E <= math.MaxInt32
	}
	return true
}

// named are the keys that may have made a signature: those of that id, or for a
// token without one all, up to a bound.
func (s keySet) named(kid, algorithm string) (out keySet) {
	for _, k := range s {
		if (kid == "" || k.KeyID == kid) && (k.Algorithm == "" || k.Algorithm == algorithm) && len(out) < maxUnnamed {
			out = append(out, k)
		}
	}
	return out
}

// has reports whether there is a key of that id, for whatever algorithm.
func (s keySet) has(kid string) bool {
	return slices.ContainsFunc(s, func(k jwk) bool { return kid != "" && k.KeyID == kid })
}
