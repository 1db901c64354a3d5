package vulndb

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	bolt "go.etcd.io/bbolt"

	"github.com/imagegate/imagegate/internal/gate"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// makeDatabase writes a bolt file with n vulnerabilities and returns its bytes.
func makeDatabase(t *testing.T, n int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trivy.db")
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("vulnerability"))
		for i := range n {
			if err == nil {
				err = b.Put([]byte{byte(i >> 8), byte(i)}, bytes.Repeat([]byte("x"), 1000))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// publish pushes a database artifact and returns its reference.
func publish(t *testing.T, host string, meta Metadata, database []byte, mt types.MediaType) string {
	t.Helper()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	tw := tar.NewWriter(gz)
	metadata, _ := json.Marshal(meta)
	for name, data := range map[string][]byte{"trivy.db": database, "metadata.json": metadata, "../../escape": []byte("x")} {
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		_, _ = tw.Write(data)
	}
	_, _ = tw.Close(), gz.Close()
	var image v1.Image
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer(b.Bytes(), mt))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(host + "/mirror/trivy-db:2")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image); err != nil {
		t.Fatal(err)
	}
	return ref.String()
}

func newUpdater(t *testing.T, sources ...string) *Updater {
	return &Updater{
		Store: t.TempDir(), Sources: sources, Now: func() time.Time { return now },
		Remote:      func(context.Context) []remote.Option { return nil },
		NameOptions: func(string) []name.Option { return nil },
		Logger:      slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

func testRegistry(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(registry.New())
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestUpdateFetchesOnceAndKeepsWhatIsInForce(t *testing.T) {
	host := testRegistry(t)
	source := publish(t, host, Metadata{Version: 2, UpdatedAt: now.Add(-time.Hour)}, makeDatabase(t, 100), mediaType)
	u := newUpdater(t, host+"/nothing/here:2", source)

	status, changed, err := u.Update(t.Context())
	if err != nil || !changed {
		t.Fatalf("first update: changed %v, %v", changed, err)
	}
	if checked, err := Check(Current(u.Store)); err != nil || checked.Digest == "" || checked.Digest != status.Digest {
		t.Errorf("in force: %+v, %v", checked, err)
	}
	if _, err := os.Stat(filepath.Join(u.Store, "..", "escape")); err == nil {
		t.Error("the archive wrote outside the store")
	}
	if _, changed, err := u.Update(t.Context()); err != nil || changed {
		t.Errorf("second update of the same artifact: changed %v, %v", changed, err)
	}
}

func TestABadDatabaseLeavesTheOldOneInForce(t *testing.T) {
	good := makeDatabase(t, 2000)
	fresh := Metadata{Version: 2, UpdatedAt: now.Add(-time.Minute)}
	for _, tt := range []struct {
		name     string
		meta     Metadata
		database []byte
		media    types.MediaType
		want     string
	}{
		{"older than the one in force", Metadata{Version: 2, UpdatedAt: now.Add(-48 * time.Hour)}, good, mediaType, "older"},
		{"from the future", Metadata{Version: 2, UpdatedAt: now.Add(48 * time.Hour)}, good, mediaType, "to come"},
		{"most of it missing", fresh, makeDatabase(t, 3), mediaType, "missing"},
		{"another schema", Metadata{Version: 3, UpdatedAt: now}, good, mediaType, "schema 3"},
		{"no date", Metadata{Version: 2}, good, mediaType, "when it was made"},
		{"empty", fresh, makeDatabase(t, 0), mediaType, "no vulnerability"},
		{"not a database", fresh, bytes.Repeat([]byte("text"), 1<<19), mediaType, "damaged"},
		{"something else's artifact", fresh, good, types.OCILayer, "not a vulnerability database"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host := testRegistry(t)
			u := newUpdater(t, publish(t, host, Metadata{Version: 2, UpdatedAt: now.Add(-24 * time.Hour)}, good, mediaType))
			before, _, err := u.Update(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			publish(t, host, tt.meta, tt.database, tt.media)
			_, changed, err := u.Update(t.Context())
			if err == nil || changed || gate.CodeOf(err) != gate.CodeUnavailable || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("changed %v, error %v; want an error saying %q", changed, err, tt.want)
			}
			after, err := Check(Current(u.Store))
			if err != nil || after.Digest != before.Digest {
				t.Errorf("in force afterwards: %+v, %v", after, err)
			}
			if left, _ := filepath.Glob(filepath.Join(u.Store, ".new-*")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestAMissingDatabaseSaysHowToGetOne(t *testing.T) {
	_, err := Check(t.TempDir())
	if gate.CodeOf(err) != gate.CodeUnavailable || !strings.Contains(err.Error(), "imagegate db update") {
		t.Errorf("got %v", err)
	}
}
