package layer

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// secrets are files of secrets as kind, path, layer, what protects or hides
// them, and the detail.
func secrets(files []gate.SecretFile) []string {
	var out []string
	for _, f := range files {
		line := fmt.Sprintf("%s %s %d", f.Kind, f.Path, f.Layer)
		if f.Encrypted {
			line += " encrypted"
		}
		if f.Deleted {
			line += fmt.Sprintf(" deleted by %d", f.RemovedBy)
		}
		out = append(out, strings.TrimSpace(line+" "+f.Detail))
	}
	return out
}

// pemOf is a PEM block of bytes that mean nothing.
func pemOf(label string, headers map[string]string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Headers: headers, Bytes: []byte(strings.Repeat("no key. ", 20))}))
}

func openssh(cipher string) string {
	body := "openssh-key-v1\x00\x00\x00\x00" + string(rune(len(cipher))) + cipher + strings.Repeat("\x00", 100)
	return "-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString([]byte(body)) + "\n-----END OPENSSH PRIVATE KEY-----\n"
}

func TestPrivateKeysAreKnownByTheirContent(t *testing.T) {
	const certificate = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUabc0\n-----END CERTIFICATE-----\n"
	pfx := "\x30\x82\x01\x00\x02\x01\x03\x30\x00"
	jks := func(magic string, tag byte) string {
		return magic + "\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00" + string(rune(tag)) + "alias"
	}
	for _, tt := range []struct {
		name string
		file string
		body string
		want string // "" when it is no key
	}{
		{"PKCS#8", "srv/key.pem", pemOf("PRIVATE KEY", nil), "PEM private key /srv/key.pem 0 PKCS#8"},
		{"PKCS#8, encrypted", "srv/key.pem", pemOf("ENCRYPTED PRIVATE KEY", nil), "PEM private key /srv/key.pem 0 encrypted PKCS#8"},
		{"RSA under any name", "srv/data", pemOf("RSA PRIVATE KEY", nil), "PEM private key /srv/data 0 RSA"},
		{"EC, encrypted by its header", "k", pemOf("EC PRIVATE KEY", map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}), "PEM private key /k 0 encrypted EC"},
		{"OpenSSH", "root/.ssh/id_ed25519", openssh("none"), "PEM private key /root/.ssh/id_ed25519 0 OPENSSH"},
		{"OpenSSH, encrypted", "id", openssh("aes256-ctr"), "PEM private key /id 0 encrypted OPENSSH"},
		{"behind a certificate", "srv/both.pem", certificate + pemOf("PRIVATE KEY", nil), "PEM private key /srv/both.pem 0 PKCS#8"},
		{"indented in a manifest", "k.yaml", "data: |\n  " + strings.ReplaceAll(pemOf("PRIVATE KEY", nil), "\n", "\n  "), "PEM private key /k.yaml 0 PKCS#8"},
		{"with the line ends of Windows", "k", strings.ReplaceAll(pemOf("PRIVATE KEY", nil), "\n", "\r\n"), "PEM private key /k 0 PKCS#8"},
		{"PGP", "k.asc", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n" + strings.Repeat("A", 64) + "\n", "PGP private key /k.asc 0"},
		{"PuTTY", "k.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "PuTTY private key /k.ppk 0"},
		{"PuTTY, encrypted", "k.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: aes256-cbc\n", "PuTTY private key /k.ppk 0 encrypted"},
		{"PKCS#12", "srv/store.p12", pfx, "PKCS#12 key store /srv/store.p12 0 encrypted"},
		{"a Java key store", "srv/store.jks", jks("\xfe\xed\xfe\xed", 1), "Java key store /srv/store.jks 0 encrypted"},
		{"JCEKS", "srv/x.keystore", jks("\xce\xce\xce\xce", 3), "Java key store (JCEKS) /srv/x.keystore 0 encrypted"},

		{"a store of certificates is no secret", "srv/store.jks", jks("\xfe\xed\xfe\xed", 2), ""},
		{"a file of another kind by that extension", "srv/store.p12", "\x30\x82\x01\x00\x02\x01\x00\x30\x00", ""},
		{"PKCS#12 by another extension may be anything", "srv/store.der", pfx, ""},
		{"a public key", "k.pub", pemOf("PUBLIC KEY", nil), ""},
		{"a certificate", "c.pem", certificate, ""},
		{"a source that speaks of keys", "x.go", "const begin = \"-----BEGIN RSA PRIVATE KEY-----\"\n", ""},
		{"a source with a key in it is for the patterns of secrets to find", "x.go", "const key = `" + pemOf("PRIVATE KEY", nil), ""},
		{"a document with a gap", "README", "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n", ""},
		{"a key without a body", "k", "-----BEGIN PRIVATE KEY-----\n", ""},
		{"a key that begins after what is looked at", "k", strings.Repeat("\n", headSize) + pemOf("PRIVATE KEY", nil), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, []member{file(tt.file, tt.body)})
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			expect(t, secrets(c.Keys), want)
		})
	}
}

func TestSecretsOfEveryLayerCount(t *testing.T) {
	key := pemOf("PRIVATE KEY", nil)
	_, c := imageOf(t, gate.Config{},
		[]member{file("replaced", key), file("d/deleted", key), file("kept", key), file("root/.netrc", "machine h login l password s3cr3t!x")},
		[]member{file("replaced", "x"), whiteout("root/.netrc")},
		[]member{whiteout("d"), file("core", elf(elfOptions{kind: 4}))},
		[]member{whiteout("core")},
	)
	expect(t, secrets(c.Keys), []string{"PEM private key /replaced 0 deleted by 1 PKCS#8", "PEM private key /d/deleted 0 deleted by 2 PKCS#8", "PEM private key /kept 0 PKCS#8"})
	expect(t, secrets(c.Credentials), []string{"netrc /root/.netrc 0 deleted by 1 h"})
	expect(t, secrets(c.Dumps), []string{"core file /core 2 deleted by 3"})
}

func TestFilesOfSecretsAreBounded(t *testing.T) {
	var members []member
	for i := range maxList + 10 {
		members = append(members, file(fmt.Sprintf("%05d.pem", i), pemOf("PRIVATE KEY", nil)))
	}
	_, c := imageOf(t, gate.Config{}, members, members[:5])
	if len(c.Keys) != maxList {
		t.Errorf("%d keys", len(c.Keys))
	}
	expect(t, c.Truncated, []string{"keys"})
}

func TestDumpsAreKnownByHowTheyBegin(t *testing.T) {
	for _, tt := range []struct {
		name string
		file string
		body string
		want string
	}{
		{"a shell's history", "root/.bash_history", "curl -u me:secret\n", "shell history"},
		{"an empty line is no history", "root/.bash_history", "\n", ""},
		{"Python's history", "root/.python_history", "import os\n", "shell history"},
		{"a core file under any name", "srv/data", elf(elfOptions{kind: 4}), "core file"},
		{"a program by that name is none", "srv/core", elf(elfOptions{}), ""},
		{"a source by that name is none", "srv/core", "package core", ""},
		{"a heap dump", "tmp/x", "JAVA PROFILE 1.0.2\x00", "heap dump"},
		{"a packet capture", "x.pcap", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + strings.Repeat("\x00", 16), "packet capture"},
		{"a packet capture of the new format", "x", "\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a" + strings.Repeat("\x00", 16), "packet capture"},
		{"empty lines are none", "x", "\n\r\r\n" + strings.Repeat("\n", 30), ""},
		{"MySQL's dump", "x.sql", "-- MySQL dump 10.13\n--\n", "database dump"},
		{"MariaDB's dump", "x.sql", "/*M!999999\\- enable the sandbox mode */\n-- MariaDB dump 10.19\n", "database dump"},
		{"PostgreSQL's dump", "x.sql", "--\n-- PostgreSQL database dump\n--\n", "database dump"},
		{"PostgreSQL's archive", "x.backup", "PGDMP\x01\x0e", "database dump"},
		{"a schema is none", "schema.sql", "CREATE TABLE users (password text);\n", ""},
		{"what speaks of dumps is none", "x.md", "-- MySQL dump 10.13\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, []member{file(tt.file, tt.body)})
			got := ""
			for _, d := range c.Dumps {
				got += d.Kind
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
