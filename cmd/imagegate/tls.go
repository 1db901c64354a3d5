package main

import (
	"context"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/server"
)

// tlsOptions are the flags of serve by which its port speaks TLS.
type tlsOptions struct {
	cert, key, clientCA string // files
}

func (o *tlsOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.cert, "tls-cert", "", "certificate of the REST interface (PEM), which is HTTPS then; read again when it changes; empty: plain HTTP")
	f.StringVar(&o.key, "tls-key", "", "private key of that certificate (PEM)")
	f.StringVar(&o.clientCA, "client-ca", "", "authorities whose certificates callers may show (PEM), as --rights names them; read again when it changes")
}

// check refuses flags that go without those they need.
func (o tlsOptions) check(rights string) error {
	switch {
	case (o.cert == "") != (o.key == ""):
		return usage("--tls-cert and --tls-key are a pair: name both files, or neither for plain HTTP")
	case o.clientCA != "" && o.cert == "":
		return usage("--client-ca needs --tls-cert and --tls-key: certificates of callers are shown over TLS only")
	case o.clientCA != "" && rights == "":
		return usage("--client-ca needs --rights: give its callers a certificate there, such as certificate: {uri: spiffe://shop.example/ci}")
	}
	return nil
}

// scheme is that of the REST interface's URL.
func (x access) scheme() string {
	if x.certificate != nil {
		return "https"
	}
	return "http"
}

// serve answers connections until ctx ends, over TLS where there is a
// certificate.
func (x access) serve(ctx context.Context, s *server.Server, l net.Listener, grace time.Duration) error {
	if x.certificate != nil {
		return s.ServeTLS(ctx, l, x.certificate, grace)
	}
	return s.Serve(ctx, l, grace)
}
