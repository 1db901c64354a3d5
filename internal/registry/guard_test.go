package registry_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/registry"
	"github.com/imagegate/imagegate/internal/registry/registrytest"
)

func guarded(hosts ...string) func(*registry.Options) {
	return func(o *registry.Options) { o.Guard, o.Insecure = true, hosts }
}

func TestAGuardedGateIsNotSentToItsOwnMachine(t *testing.T) {
	r := registrytest.New(t)
	ref := r.Push(t, "app:1", image(t, 1, 100, "linux", "amd64"))
	refused(t, newClient(t, guarded()), ref, nil, gate.CodeInvalid, "127.0.0.1", "--insecure-registry")
	if n := r.Counts().Total(); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
	named := strings.Replace(ref, "127.0.0.1", "localhost", 1)
	refused(t, newClient(t, guarded()), named, nil, gate.CodeInvalid, "localhost")
	resolve(t, newClient(t, guarded(r.Host)), ref)
	resolve(t, newClient(t), ref)
}

func TestWhatARegistryAnswersSendsTheGateNowhereElse(t *testing.T) {
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(inside.Close)
	const metadata = "http://169.254.169.254/latest/meta-data/"
	for name, answer := range map[string]http.HandlerFunc{
		"a redirect to a service of this machine": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, inside.URL+"/secret", http.StatusTemporaryRedirect)
		},
		"a redirect to the metadata service": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, metadata, http.StatusTemporaryRedirect)
		},
		"a token realm on this machine": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+inside.URL+`/token",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		},
	} {
		t.Run(name, func(t *testing.T) {
			outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/" && !strings.Contains(name, "realm") {
					return
				}
				answer(w, r)
			}))
			t.Cleanup(outside.Close)
			host := strings.TrimPrefix(outside.URL, "http://")
			start := time.Now()
			_, err := newClient(t, guarded(host)).Resolve(t.Context(), parse(t, host+"/app:1"), nil)
			if err == nil || reached {
				t.Fatalf("error %v, reached %v", err, reached)
			}
			if took := time.Since(start); took > 4*time.Second {
				t.Errorf("it took %s: what is forbidden is not to be tried again", took)
			}
		})
	}
}

func TestForbiddenAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1": true, "127.8.8.8": true, "::1": true, "0.0.0.0": true, "::": true, "169.254.169.254": true, "fe80::1": true,
		"::ffff:127.0.0.1": true, "fd00:ec2::254": true, "100.100.100.200": true, "224.0.0.1": true,
		"10.0.0.5": false, "192.168.1.1": false, "203.0.113.7": false, "2001:db8::1": false,
	} {
		if got := registry.Forbidden(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: forbidden %v, want %v", address, got, want)
		}
	}
}
