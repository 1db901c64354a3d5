//go:build goexperiment.jsonv2

package corpus

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"sync"
)

// Nothing below is a secret: each has the form of one and opens nothing. They
// are put together when a test runs, so that scanners of this source tree have
// nothing to find, and each is different, so that a leak tells where it is from.

// letters are n letters and digits that follow from a seed.
func letters(seed string, n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	var b strings.Builder
	for sum := sha256.Sum256([]byte(seed)); b.Len() < n; sum = sha256.Sum256(sum[:]) {
		for _, c := range sum {
			if b.Len() < n {
				b.WriteByte(alphabet[int(c)%len(alphabet)])
			}
		}
	}
	return b.String()
}

func githubToken(seed string) string { return "ghp" + "_" + letters(seed, 36) }

// awsKey is an access key and its secret.
func awsKey(seed string) (id, secret string) {
	return "AKIA" + strings.ToUpper(letters(seed, 16)), letters("secret of "+seed, 40)
}

// uuid is what npm's older tokens look like.
func uuid(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func password(seed string) string { return "Pw9" + letters("password "+seed, 17) }

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// privateKey is a key in PKCS#8, made for this run.
var privateKey = sync.OnceValue(func() string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE" + " KEY", Bytes: der}))
})

// encryptedKey has the form of a key that a passphrase protects.
func encryptedKey() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE" + " KEY", Bytes: []byte(letters("encrypted", 300))}))
}

// keyBody is the first line of a PEM block's body.
func keyBody(key string) string { return strings.Split(key, "\n")[1] }
