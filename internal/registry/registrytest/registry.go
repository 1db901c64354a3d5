// Package registrytest is a registry for tests: go-containerregistry's own,
// served in this process over plain HTTP/1.1 on loopback, which counts what it
// is asked for and misbehaves when told to.
package registrytest

import (
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Kind is what a request is for.
type Kind string

// The kinds of requests; only GET counts, pushing does not.
const (
	Ping     Kind = "ping"
	Manifest Kind = "manifest"
	Blob     Kind = "blob"
	Other    Kind = "other"
)

// Registry is a running registry. Its methods may be called concurrently.
type Registry struct {
	// Host is host:port.
	Host string
	// URL is the server's address, http://host:port.
	URL string

	user, password string
	next           http.Handler

	mu     sync.Mutex // guards what follows
	counts Counts
	faults []*Fault
}

// Counts are the GET requests a registry was asked, misbehaving answers
// included.
type Counts struct {
	Pings     int
	Manifests int
	// References are manifest requests by tag or digest.
	References map[string]int
	// Blobs are blob requests by digest.
	Blobs map[string]int
	// Ranges are the Range headers of blob requests, in order.
	Ranges []string
	// BlobBytes is how many bytes of blobs were sent.
	BlobBytes int64
	Other     int
}

// Total is the number of requests of all kinds.
func (c Counts) Total() int {
	n := c.Pings + c.Manifests + c.Other
	for _, k := range c.Blobs {
		n += k
	}
	return n
}

// New starts a registry that ends with the test.
func New(t testing.TB) *Registry {
	t.Helper()
	return start(t, &Registry{})
}

// NewPrivate starts a registry that wants basic authentication.
func NewPrivate(t testing.TB, user, password string) *Registry {
	t.Helper()
	return start(t, &Registry{user: user, password: password})
}

func start(t testing.TB, r *Registry) *Registry {
	t.Helper()
	r.next = ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithReferrersSupport(true))
	r.Reset()
	// Plain HTTP stays HTTP/1.1: over HTTP/2 two large pushes at once hang.
	server := httptest.NewUnstartedServer(r)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	r.URL = server.URL
	r.Host = strings.TrimPrefix(server.URL, "http://")
	return r
}

// Counts returns what was asked since the start or the last Reset.
func (r *Registry) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts
	c.References, c.Blobs = maps.Clone(c.References), maps.Clone(c.Blobs)
	c.Ranges = append([]string(nil), c.Ranges...)
	return c
}

// Reset forgets counts and faults.
func (r *Registry) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts = Counts{References: map[string]int{}, Blobs: map[string]int{}}
	r.faults = nil
}

// Push stores an image (v1.Image) or index (v1.ImageIndex) under
// "repository:tag", then forgets the counts. It returns the full reference.
func (r *Registry) Push(t testing.TB, repositoryTag string, what remote.Taggable) string {
	t.Helper()
	full := r.Host + "/" + repositoryTag
	ref, err := name.ParseReference(full, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	auth := remote.WithAuth(authn.Anonymous)
	if r.user != "" {
		auth = remote.WithAuth(&authn.Basic{Username: r.user, Password: r.password})
	}
	switch what := what.(type) {
	case v1.ImageIndex:
		err = remote.WriteIndex(ref, what, auth)
	case v1.Image:
		err = remote.Write(ref, what, auth)
	default:
		err = remote.Put(ref, what, auth)
	}
	if err != nil {
		t.Fatalf("push %s: %v", full, err)
	}
	r.forgetCounts()
	return full
}

func (r *Registry) forgetCounts() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts = Counts{References: map[string]int{}, Blobs: map[string]int{}}
}

// ServeHTTP implements http.Handler.
func (r *Registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if r.user != "" {
		if user, password, ok := request.BasicAuth(); !ok || user != r.user || password != r.password {
			w.Header().Set("WWW-Authenticate", `Basic realm="registrytest"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you?"}]}`, http.StatusUnauthorized)
			return
		}
	}
	if request.Method != http.MethodGet {
		r.next.ServeHTTP(w, request)
		return
	}
	kind, reference := classify(request.URL.Path)
	fault := r.count(kind, reference, request.Header.Get("Range"))
	out := &metered{ResponseWriter: w, limit: -1}
	if kind == Blob {
		out.sent = r.sent
	}
	if fault != nil && fault.serve(out, request) {
		return
	}
	r.openRange(request)
	r.next.ServeHTTP(out, request)
}

// openRange gives an open Range ("bytes=5-") its end: go-containerregistry's
// registry refuses those, real ones do not.
func (r *Registry) openRange(request *http.Request) {
	ranges := request.Header.Get("Range")
	if !strings.HasSuffix(ranges, "-") {
		return
	}
	head := httptest.NewRecorder()
	r.next.ServeHTTP(head, httptest.NewRequest(http.MethodHead, request.URL.Path, nil))
	if size, err := strconv.ParseInt(head.Header().Get("Content-Length"), 10, 64); err == nil {
		request.Header.Set("Range", ranges+strconv.FormatInt(size-1, 10))
	}
}

func classify(path string) (Kind, string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if path == "/v2/" {
		return Ping, ""
	}
	if n := len(parts); n >= 4 && parts[n-2] == "manifests" {
		return Manifest, parts[n-1]
	} else if n >= 4 && parts[n-2] == "blobs" {
		return Blob, parts[n-1]
	}
	return Other, ""
}

func (r *Registry) count(kind Kind, reference, ranges string) *Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch kind {
	case Ping:
		r.counts.Pings++
	case Manifest:
		r.counts.Manifests++
		r.counts.References[reference]++
	case Blob:
		r.counts.Blobs[reference]++
		r.counts.Ranges = append(r.counts.Ranges, ranges)
	default:
		r.counts.Other++
	}
	for _, f := range r.faults {
		if f.takes(kind, reference) {
			return f
		}
	}
	return nil
}

func (r *Registry) sent(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.BlobBytes += n
}
