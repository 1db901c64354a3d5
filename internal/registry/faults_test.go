package registry_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/registry"
	"github.com/imagegate/imagegate/internal/registry/registrytest"
)

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault registrytest.Fault
		least time.Duration
	}{
		{"a manifest limited once, with Retry-After", registrytest.Fault{Kind: registrytest.Manifest, Status: 429, RetryAfter: "1", Times: 1}, time.Second},
		{"a manifest limited once, without Retry-After", registrytest.Fault{Kind: registrytest.Manifest, Status: 429, Times: 1}, 0},
		{"a config behind two 503", registrytest.Fault{Kind: registrytest.Blob, Status: 503, Times: 2}, 0},
		{"a ping behind a 502", registrytest.Fault{Kind: registrytest.Ping, Status: 502, Times: 1}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := registrytest.New(t)
			img := image(t, 1, 100, "linux", "amd64")
			ref := r.Push(t, "app:v1", img)
			r.Inject(tt.fault)
			began := time.Now()
			if got := resolve(t, newClient(t), ref); got.Digest != digest(t, img) {
				t.Errorf("resolved to %s", got.Digest)
			}
			if took := time.Since(began); took < tt.least {
				t.Errorf("tried again after %v, the registry asked for %v", took, tt.least)
			}
			if n := r.Counts(); n.Total() != 3+tt.fault.Times {
				t.Errorf("%d requests, want %d", n.Total(), 3+tt.fault.Times)
			}
		})
	}
}

func TestErrorsSayWhatKindTheyAreAndWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		name     string
		fault    registrytest.Fault
		code     gate.Code
		words    string
		requests int // of that kind
	}{
		{"a manifest that is not there", registrytest.Fault{Kind: registrytest.Manifest, Status: 404}, gate.CodeNotFound, "the registry does not have it", 1},
		{"a manifest that is refused", registrytest.Fault{Kind: registrytest.Manifest, Status: 401}, gate.CodeUnauthorized, "check the registry credentials", 1},
		{"a manifest that is forbidden", registrytest.Fault{Kind: registrytest.Manifest, Status: 403}, gate.CodeUnauthorized, "check the registry credentials", 1},
		{"a registry that always answers 500", registrytest.Fault{Status: 500}, gate.CodeUnavailable, "status 500", 3},
		{"manifests that are always 500", registrytest.Fault{Kind: registrytest.Manifest, Status: 500}, gate.CodeUnavailable, "status 500", 3},
		{"a registry that always limits", registrytest.Fault{Kind: registrytest.Manifest, Status: 429}, gate.CodeUnavailable, "limits requests", 3},
		{"a config that is not there", registrytest.Fault{Kind: registrytest.Blob, Status: 404}, gate.CodeNotFound, "read the config", 1},
		{"a manifest whose connection always breaks", registrytest.Fault{Kind: registrytest.Manifest, BreakAfter: 10}, gate.CodeUnavailable, "the registry did not answer", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := registrytest.New(t)
			ref := r.Push(t, "app:v1", image(t, 1, 100, "linux", "amd64"))
			r.Inject(tt.fault)
			refused(t, newClient(t), ref, nil, tt.code, tt.words)
			n := r.Counts()
			got := map[registrytest.Kind]int{registrytest.Manifest: n.Manifests, registrytest.Blob: n.Total() - n.Manifests - n.Pings, "": n.Pings}[tt.fault.Kind]
			if got != tt.requests {
				t.Errorf("%d requests, want %d", got, tt.requests)
			}
		})
	}
}

func TestNoRetriesWhereNoneAreWanted(t *testing.T) {
	r := registrytest.New(t)
	ref := r.Push(t, "app:v1", image(t, 1, 100, "linux", "amd64"))
	r.Inject(registrytest.Fault{Kind: registrytest.Manifest, Status: 503})
	refused(t, newClient(t, func(o *registry.Options) { o.Retries = -1 }), ref, nil, gate.CodeUnavailable, "status 503")
	if n := r.Counts(); n.Manifests != 1 {
		t.Errorf("%d requests", n.Manifests)
	}
}

func TestARegistryThatIsNotThereIsUnavailable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := l.Addr().String()
	_ = l.Close()
	refused(t, newClient(t, func(o *registry.Options) { o.Retries = 1 }), host+"/app:v1", nil, gate.CodeUnavailable, "reach registry "+host)
}

func TestARegistryThatNeverAnswersTimesOut(t *testing.T) {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(stop) })
	c := newClient(t, func(o *registry.Options) { o.Timeout, o.Retries = 100*time.Millisecond, -1 })
	refused(t, c, server.Listener.Addr().String()+"/app:v1", nil, gate.CodeUnavailable)
}

func TestACallerThatGivesUpIsToldSo(t *testing.T) {
	r := registrytest.New(t)
	ref := r.Push(t, "app:v1", image(t, 1, 100, "linux", "amd64"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newClient(t).Resolve(ctx, parse(t, ref), nil)
	expectError(t, err, gate.CodeUnavailable, "no time left")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause is lost: %v", err)
	}
}
