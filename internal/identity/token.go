package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"math/big"
	"strings"
	"time"
)

// The form of an API token: ig_, 32 random bytes in 43 digits of base 62, and
// their CRC-32 in 6. Whoever looks for leaked secrets can tell one from chance
// (ig_[0-9A-Za-z]{49}), and a typo is found without a look-up.
const (
	tokenPrefix = "ig_"
	randomBytes = 32
	bodyDigits  = 43
	checkDigits = 6
)

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewToken makes a token. It is shown once and kept nowhere.
func NewToken() string {
	var b [randomBytes]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	body := base62(new(big.Int).SetBytes(b[:]), bodyDigits)
	return tokenPrefix + body + checksum(body)
}

// WellFormed reports whether a text is a token by its form and checksum.
func WellFormed(token string) bool {
	rest, ok := strings.CutPrefix(token, tokenPrefix)
	return ok && len(rest) == bodyDigits+checkDigits && checksum(rest[:bodyDigits]) == rest[bodyDigits:]
}

func checksum(body string) string {
	return base62(big.NewInt(int64(crc32.ChecksumIEEE([]byte(tokenPrefix+body)))), checkDigits)
}

func base62(n *big.Int, width int) string {
	out := make([]byte, width)
	base, digit := big.NewInt(int64(len(digits))), new(big.Int)
	for i := width - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		out[i] = digits[digit.Int64()]
	}
	return string(out)
}

// Hash is the SHA-256 of a token: what is kept of it.
type Hash [sha256.Size]byte

// HashOf hashes a token. It holds 256 random bits, so a slow hash would protect
// nothing more.
func HashOf(token string) Hash { return sha256.Sum256([]byte(token)) }

// String is the hash as a rights file has it.
func (h Hash) String() string { return "sha256:" + hex.EncodeToString(h[:]) }

// parseHash reads what String writes.
func parseHash(s string) (h Hash, ok bool) {
	digits, ok := strings.CutPrefix(s, "sha256:")
	if !ok || len(digits) != hex.EncodedLen(len(h)) {
		return h, false
	}
	_, err := hex.Decode(h[:], []byte(digits))
	return h, err == nil
}

// Token is a stored API token without its secret.
type Token struct {
	ID   string `json:"id"`
	Name string `json:"name"` // of its caller
	Hash Hash   `json:"-"`
	// Rights are the token's own; where there are none, those the rights file
	// gives to the caller of this name.
	Rights    []Right   `json:"rights,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	RevokedAt time.Time `json:"revokedAt,omitzero"`
	// LastUsedAt is right to the minute.
	LastUsedAt time.Time `json:"lastUsedAt,omitzero"`
}

// State is a word for whether the token can be used.
func (t Token) State(now time.Time) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "revoked"
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return "expired"
	}
	return "valid"
}
