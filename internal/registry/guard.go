package registry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// addressError is a connection that the guard refused.
type addressError struct {
	host string
	addr netip.Addr
}

func (e *addressError) Error() string {
	return fmt.Sprintf("%s is %s, an address of this machine or its network's own services, where no caller may send the gate: list the host with --insecure-registry if it is a registry of yours", e.host, e.addr)
}

// forbidden reports whether an address belongs to the gate's own machine or to
// services of its network that trust whoever reaches them: loopback, link-local
// (among it the metadata services of clouds), unspecified, multicast. Private
// networks are allowed: company registries live there.
func forbidden(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.IsMulticast() || a.IsInterfaceLocalMulticast() ||
		slices.Contains(metadataAddresses, a)
}

// metadataAddresses are metadata services outside the link-local ranges: of AWS
// over IPv6, of Oracle's and Alibaba's clouds.
var metadataAddresses = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("192.0.0.192"), netip.MustParseAddr("100.100.100.200"),
}

// guardedDial refuses connections to forbidden addresses. The address is judged
// once the name is resolved, so that a name cannot mean one thing when it is
// looked at and another when it is used. It covers redirects, token realms and
// everything else that a registry's answer names. allowed are hosts, or
// host:port, that the operator configured.
func guardedDial(allowed []string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	allowed = append(proxies(), allowed...)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		d := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
		if !slices.Contains(allowed, addr) && !slices.Contains(allowed, host) {
			d.Control = func(_, address string, _ syscall.RawConn) error {
				to, err := netip.ParseAddrPort(address)
				if err != nil {
					return err
				}
				if forbidden(to.Addr()) {
					return &addressError{host: host, addr: to.Addr()}
				}
				return nil
			}
		}
		return d.DialContext(ctx, network, addr)
	}
}

// proxies are the hosts of the proxies that the environment names: connecting
// to them is the operator's wish.
func proxies() []string {
	var out []string
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		if u, err := url.Parse(os.Getenv(name)); err == nil && u.Host != "" {
			out = append(out, u.Host)
		}
	}
	return out
}

// literalGuard refuses URLs that name a forbidden address themselves: behind a
// proxy, that is all the gate can see of where a request goes.
type literalGuard struct {
	next    http.RoundTripper
	allowed []string
}

func (g *literalGuard) RoundTrip(r *http.Request) (*http.Response, error) {
	host := r.URL.Hostname()
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil && forbidden(a) && !slices.Contains(g.allowed, r.URL.Host) && !slices.Contains(g.allowed, host) {
		return nil, &addressError{host: host, addr: a}
	}
	return g.next.RoundTrip(r)
}

// refusedAddress finds the guard's refusal in an error.
func refusedAddress(err error) *addressError {
	var refused *addressError
	if errors.As(err, &refused) {
		return refused
	}
	return nil
}
