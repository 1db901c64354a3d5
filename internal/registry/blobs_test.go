package registry_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/registry"
	"github.com/imagegate/imagegate/internal/registry/registrytest"
)

// layerOf pushes an image with one layer of about size bytes and returns what
// is needed to open it.
func layerOf(t *testing.T, size int64) (r *registrytest.Registry, repository string, d gate.Descriptor) {
	t.Helper()
	r = registrytest.New(t)
	ref := r.Push(t, "app:v1", image(t, 1, size, "linux", "amd64"))
	d = resolve(t, newClient(t), ref).Images[0].Evidence.Manifest.Layers[0]
	r.Reset()
	return r, r.Host + "/app", d
}

// pull reads a layer and says whether it is the one that was asked for.
func pull(ctx context.Context, c *registry.Client, repository string, d gate.Descriptor) error {
	blob, err := c.Blobs(repository).Open(ctx, 0, d)
	if err != nil {
		return err
	}
	defer func() { _ = blob.Close() }()
	h := sha256.New()
	n, err := io.Copy(h, blob)
	if err != nil {
		return err
	}
	if got := "sha256:" + hex.EncodeToString(h.Sum(nil)); got != d.Digest || n != d.Size {
		return fmt.Errorf("read %d bytes with digest %s", n, got)
	}
	return nil
}

func TestALayerIsReadOnceWhereNothingBreaks(t *testing.T) {
	r, repository, d := layerOf(t, 1<<20)
	if err := pull(t.Context(), newClient(t), repository, d); err != nil {
		t.Fatal(err)
	}
	if n := r.Counts(); n.Blobs[d.Digest] != 1 || n.BlobBytes != d.Size {
		t.Errorf("%d requests and %d bytes for a layer of %d", n.Blobs[d.Digest], n.BlobBytes, d.Size)
	}
}

func TestABrokenLayerIsResumedWhereItBroke(t *testing.T) {
	r, repository, d := layerOf(t, 1<<20)
	r.Inject(registrytest.Fault{Kind: registrytest.Blob, BreakAfter: 300_000, Times: 3})
	if err := pull(t.Context(), newClient(t), repository, d); err != nil {
		t.Fatal(err)
	}
	n := r.Counts()
	if want := []string{"", "bytes=300000-", "bytes=600000-", "bytes=900000-"}; !slices.Equal(n.Ranges, want) {
		t.Errorf("ranges %q, want %q", n.Ranges, want)
	}
	if n.BlobBytes != d.Size {
		t.Errorf("%d bytes were sent of a layer of %d", n.BlobBytes, d.Size)
	}
}

func TestABrokenLayerIsReadAgainWhereRangesDoNotWork(t *testing.T) {
	t.Run("because the registry ignores them", func(t *testing.T) {
		r, repository, d := layerOf(t, 1<<20)
		r.Inject(registrytest.Fault{Kind: registrytest.Blob, BreakAfter: 300_000, Times: 1})
		r.Inject(registrytest.Fault{Kind: registrytest.Blob, NoRanges: true})
		if err := pull(t.Context(), newClient(t), repository, d); err != nil {
			t.Fatal(err)
		}
		if n := r.Counts(); n.BlobBytes != d.Size+300_000 {
			t.Errorf("%d bytes were sent", n.BlobBytes)
		}
	})
	t.Run("because the registry refuses them", func(t *testing.T) {
		r, repository, d := layerOf(t, 1<<20)
		r.Inject(registrytest.Fault{Kind: registrytest.Blob, BreakAfter: 300_000, Times: 1})
		r.Inject(registrytest.Fault{Kind: registrytest.Blob, Status: 416, Times: 1})
		if err := pull(t.Context(), newClient(t), repository, d); err != nil {
			t.Fatal(err)
		}
		if n, want := r.Counts().Ranges, []string{"", "bytes=300000-", ""}; !slices.Equal(n, want) {
			t.Errorf("ranges %q, want %q", n, want)
		}
	})
}

func TestALayerThatBreaksForEverIsUnavailable(t *testing.T) {
	r, repository, d := layerOf(t, 1<<20)
	r.Inject(registrytest.Fault{Kind: registrytest.Blob, BreakAfter: 1000})
	err := pull(t.Context(), newClient(t), repository, d)
	expectError(t, err, gate.CodeUnavailable, "read layer "+d.Digest, repository)
	if n := r.Counts().Blobs[d.Digest]; n != 9 {
		t.Errorf("%d connections, want the first and 8 more", n)
	}
}

func TestLayersThatCannotBeOpened(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		code   gate.Code
	}{
		{"one that is not there", 404, gate.CodeNotFound},
		{"one that is refused", 401, gate.CodeUnauthorized},
		{"one behind 500 for ever", 500, gate.CodeUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, repository, d := layerOf(t, 100)
			r.Inject(registrytest.Fault{Kind: registrytest.Blob, Status: tt.status})
			expectError(t, pull(t.Context(), newClient(t), repository, d), tt.code, "read layer "+d.Digest)
		})
	}
}

func TestASilentLayerIsResumed(t *testing.T) {
	content := bytes.Repeat([]byte("layer"), 1000)
	sum := sha256.Sum256(content)
	d := gate.Descriptor{Digest: "sha256:" + hex.EncodeToString(sum[:]), Size: int64(len(content))}
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		if r.Header.Get("Range") == "bytes=2000-" {
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(content[2000:])
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content[:2000])
		_ = http.NewResponseController(w).Flush()
		<-stop // not another byte
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(stop) })
	c := newClient(t, func(o *registry.Options) { o.Timeout = 100 * time.Millisecond })
	if err := pull(t.Context(), c, server.Listener.Addr().String()+"/app", d); err != nil {
		t.Fatal(err)
	}
}

func TestReadingALayerEndsWithItsContext(t *testing.T) {
	d := gate.Descriptor{Digest: "sha256:" + strings.Repeat("0", 64), Size: 1000}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write(make([]byte, 500))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done() // the rest never comes
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	blob, err := newClient(t).Blobs(server.Listener.Addr().String()+"/app").Open(ctx, 0, d)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = blob.Close() }()
	cancel()
	_, err = io.Copy(io.Discard, blob)
	expectError(t, err, gate.CodeUnavailable, "no time left")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestForeignURLsAreNeverFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the author's host was asked") }))
	t.Cleanup(elsewhere.Close)
	r, repository, d := layerOf(t, 100)
	d.URLs = []string{elsewhere.URL + "/layer"}
	d.MediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
	r.Inject(registrytest.Fault{Kind: registrytest.Blob, Status: 404})
	expectError(t, pull(t.Context(), newClient(t), repository, d), gate.CodeNotFound)
}
