package layer

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// keys finds private keys by how a file begins, whatever its name; archives of
// keys, whose first bytes are short, by their extension as well.
func (w *walk) keys(e *Entry, base string, head []byte) {
	if f, ok := pemKey(head); ok {
		w.find(e, f)
		return
	}
	if f, ok := puttyKey(head); ok {
		w.find(e, f)
		return
	}
	dot := strings.LastIndexByte(base, '.')
	if dot < 0 {
		return
	}
	switch strings.ToLower(base[dot:]) {
	case ".p12", ".pfx":
		if isPKCS12(head) {
			w.find(e, Finding{Class: Key, Kind: "PKCS#12 key store", Encrypted: true})
		}
	case ".jks", ".jceks", ".keystore", ".ks":
		if kind, ok := javaKeyStore(head); ok {
			w.find(e, Finding{Class: Key, Kind: kind, Encrypted: true})
		}
	}
}

var (
	pemBegin = []byte("-----BEGIN ")
	pemDash  = []byte("-----")
)

// pemKey finds the first PEM private key that has a body: documents and sources
// that only speak of keys have none.
func pemKey(head []byte) (Finding, bool) {
	for at := 0; ; {
		i := bytes.Index(head[at:], pemBegin)
		if i < 0 {
			return Finding{}, false
		}
		begin := at + i
		at = begin + len(pemBegin)
		label, _, ok := bytes.Cut(head[at:min(len(head), at+100)], pemDash)
		if !ok || !bytes.HasSuffix(bytes.TrimSuffix(label, []byte(" BLOCK")), []byte("PRIVATE KEY")) || !startsLine(head, begin) {
			continue
		}
		body := head[at+len(label)+len(pemDash):]
		if f, ok := pemBody(string(label), body); ok {
			return f, true
		}
	}
}

// startsLine is true where nothing but blanks stands before in the line.
func startsLine(head []byte, at int) bool {
	before := bytes.TrimRight(head[:at], " \t")
	return len(before) == 0 || before[len(before)-1] == '\n'
}

// pemBody looks at what follows a key's first line.
func pemBody(label string, body []byte) (Finding, bool) {
	f := Finding{Class: Key, Kind: "PEM private key", Detail: strings.TrimSuffix(strings.TrimSuffix(label, " BLOCK"), " PRIVATE KEY")}
	switch f.Detail {
	case "PRIVATE KEY":
		f.Detail = "PKCS#8"
	case "ENCRYPTED":
		f.Detail, f.Encrypted = "PKCS#8", true
	case "PGP":
		// Whether a passphrase protects it is inside.
		f.Kind, f.Detail = "PGP private key", ""
	}
	for range 10 { // headers (RFC 1421) come before the body
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		line = bytes.TrimSpace(line)
		if body = rest; len(body) == 0 && len(line) == 0 {
			return f, false
		}
		switch {
		case len(line) == 0:
		case bytes.HasPrefix(line, []byte("Proc-Type:")):
			f.Encrypted = f.Encrypted || bytes.Contains(line, []byte("ENCRYPTED"))
		case bytes.Contains(line, []byte(": ")):
		default:
			if label == "OPENSSH PRIVATE KEY" {
				f.Encrypted = opensshEncrypted(line)
			}
			return f, isBase64(line)
		}
	}
	return f, false
}

// shortBody is less than the first line of any key.
const shortBody = 16

func isBase64(line []byte) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
	return len(line) >= shortBody && len(bytes.Trim(line, alphabet)) == 0
}

// opensshEncrypted reads the cipher's name, which is the first field of
// OpenSSH's key format (PROTOCOL.key).
func opensshEncrypted(line []byte) bool {
	line = line[:len(line)&^3]
	b := make([]byte, base64.StdEncoding.DecodedLen(len(line)))
	n, _ := base64.StdEncoding.Decode(b, line) // as far as it goes
	b, ok := bytes.CutPrefix(b[:n], []byte("openssh-key-v1\x00"))
	if !ok || len(b) < 8 {
		return false
	}
	return binary.BigEndian.Uint32(b) != 4 || string(b[4:8]) != "none"
}

func puttyKey(head []byte) (Finding, bool) {
	if !bytes.HasPrefix(head, []byte("PuTTY-User-Key-File-")) {
		return Finding{}, false
	}
	return Finding{Class: Key, Kind: "PuTTY private key", Encrypted: bytes.Contains(head, []byte("Encryption: ")) && !bytes.Contains(head, []byte("Encryption: none"))}, true
}

// isPKCS12 is true of a DER sequence that begins with version 3 (RFC 7292).
func isPKCS12(head []byte) bool {
	if len(head) < 8 || head[0] != 0x30 {
		return false
	}
	at := 2
	if head[1] > 0x80 {
		at += int(head[1] & 0x7f)
	}
	return at+3 <= len(head) && bytes.Equal(head[at:at+3], []byte{2, 1, 3})
}

// javaKeyStore is true of a JKS or JCEKS store whose first entry is a key;
// stores of certificates alone are no secret.
func javaKeyStore(head []byte) (kind string, ok bool) {
	if len(head) < 16 {
		return "", false
	}
	tag := binary.BigEndian.Uint32(head[12:])
	switch binary.BigEndian.Uint32(head) {
	case 0xfeedfeed:
		return "Java key store", tag == 1
	case 0xcececece:
		return "Java key store (JCEKS)", tag == 1 || tag == 3
	}
	return "", false
}
