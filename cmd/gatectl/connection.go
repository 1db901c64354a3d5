package main

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

// The files a --credentials directory may hold.
const (
	credentialToken = "token"
	credentialCA    = "ca.crt"
)

// maxCredential bounds a file of credentials in bytes: all the world's
// certificate authorities are a quarter of it.
const maxCredential = 1 << 20

// connection is how the gate is reached; every command has these flags.
type connection struct {
	server      string
	tokenFile   string
	caBundle    string
	clientCert  string
	clientKey   string
	credentials []string
	timeout     time.Duration
	auth        auth
}

func (c *connection) flags(f *pflag.FlagSet) {
	f.StringVar(&c.server, "server", "", "the gate's URL, for example http://imagegate.imagegate-system.svc:8080")
	f.StringVar(&c.tokenFile, "token-file", "", "file of the gate's token; without it IMAGEGATE_TOKEN counts")
	f.StringVar(&c.caBundle, "ca-bundle", "", "PEM file of further certificate authorities; read again for each request, as are those of --client-cert")
	f.StringVar(&c.clientCert, "client-cert", "", "PEM file of the certificate to show the gate, where that knows callers by theirs")
	f.StringVar(&c.clientKey, "client-key", "", "PEM file of that certificate's private key")
	f.StringSliceVar(&c.credentials, "credentials", nil, "directories that may hold the files token, ca.crt, tls.crt and tls.key, as a mounted Secret does; what is absent is left out")
	f.DurationVar(&c.timeout, "timeout", 2*time.Minute, "time limit of one call; check and rescan have --wait beside it")
	c.auth.flags(f)
}

// dial makes a client. Nothing is sent yet. Errors are CodeInvalid.
func (c *connection) dial(cmd *cobra.Command) (*api, error) {
	if c.server == "" {
		return nil, usage("name the gate with --server URL or IMAGEGATE_SERVER")
	}
	u, err := url.Parse(c.server)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return nil, usage("--server %q is no URL of a gate: write http://HOST:PORT or https://HOST", c.server)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, usage("--server %s: write scheme, host and path only; the token is read from --token-file", u.Redacted())
	}
	if c.timeout < 2*time.Second {
		return nil, usage("--timeout %s leaves the gate no time: write 2s or more", c.timeout)
	}
	files, err := c.tlsFiles()
	if err != nil {
		return nil, err
	}
	a := &api{server: c.server, timeout: c.timeout, notice: notices(cmd.ErrOrStderr())}
	tokens, from, err := c.tokens(a.notice, files.from)
	if err != nil {
		return nil, err
	}
	a.tokenFrom, a.certificateFrom = from, files.from
	h := newHTTP(newRenewing(files, c.tlsFiles), c.timeout)
	h.Transport = bearer{h.Transport, tokens}
	a.Client, err = client.NewClient(c.server, client.WithHTTPClient(&caller{http: h, server: c.server, notice: a.notice}))
	return a, err
}

// token is the gate's, if there is one.
func (c *connection) token() (string, error) {
	data, name, err := c.credential("--token-file", c.tokenFile, credentialToken)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if name == "" {
		token, name = strings.TrimSpace(os.Getenv("IMAGEGATE_TOKEN")), "IMAGEGATE_TOKEN"
	} else if token == "" {
		return "", usage("the token file %s is empty", name)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", usage("%s holds no token: spaces and control characters are none", name)
	}
	return token, nil
}

// authorities are the system's and those named, with the file of these; nil is
// the system's.
func (c *connection) authorities() (*x509.CertPool, []byte, error) {
	data, name, err := c.credential("--ca-bundle", c.caBundle, credentialCA)
	if err != nil || name == "" {
		return nil, nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(data) {
		return nil, nil, usage("%s holds no certificate in PEM form", name)
	}
	return pool, data, nil
}

// credential reads the file a flag names, or else the one of that name in the
// first --credentials directory that has it. Without either, name is empty.
func (c *connection) credential(flag, file, in string) (data []byte, name string, err error) {
	if file != "" {
		data, err := readSmall(file, maxCredential)
		if err != nil {
			return nil, "", usage("%s %s cannot be read: %v", flag, file, err)
		}
		return data, file, nil
	}
	for _, dir := range c.credentials {
		if dir == "" { // an optional workspace that is not bound
			continue
		}
		name := filepath.Join(dir, in)
		data, err := readSmall(name, maxCredential)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, "", usage("--credentials: %s cannot be read: %v", name, err)
		}
		return data, name, nil
	}
	return nil, "", nil
}

// registryImage refuses what only the gate's own machine could read.
func registryImage(image string) (gate.Reference, error) {
	ref, err := gate.ParseReference(image)
	if err == nil && ref.Scheme != gate.SchemeRegistry {
		err = usage("%s is not in a registry, and the gate cannot read this machine's files: push it, or use imagegate check", image)
	}
	return ref, err
}
