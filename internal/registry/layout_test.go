package registry_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/imagegate/imagegate/internal/gate"
)

// layoutOf writes an OCI layout of images by name; "" leaves the name out.
func layoutOf(t testing.TB, images map[string]v1.Image) string {
	t.Helper()
	dir := t.TempDir()
	p, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	for name, img := range images {
		var options []layout.Option
		if name != "" {
			options = append(options, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": name}))
		}
		if err := p.AppendImage(img, options...); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// readsLayers opens every layer of a resolved image, compares its bytes with
// the image's, and closes what holds the files.
func readsLayers(t testing.TB, got gate.Image, want v1.Image) {
	t.Helper()
	layers, err := want.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range layers {
		r, err := got.Blobs.Open(t.Context(), i, got.Evidence.Manifest.Layers[i])
		if err != nil {
			t.Fatal(err)
		}
		have, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		compressed, err := l.Compressed()
		if err != nil {
			t.Fatal(err)
		}
		if expected, _ := io.ReadAll(compressed); !bytes.Equal(have, expected) {
			t.Errorf("layer %d has %d other bytes than the image's %d", i, len(have), len(expected))
		}
	}
	if c, ok := got.Blobs.(io.Closer); !ok || c.Close() != nil {
		t.Error("the files cannot be released")
	}
}

func TestOCILayout(t *testing.T) {
	one, two := image(t, 2, 500, "linux", "amd64"), image(t, 1, 500, "linux", "arm64")
	c := newClient(t)
	t.Run("its only image needs no name", func(t *testing.T) {
		got := resolve(t, c, "oci:"+layoutOf(t, map[string]v1.Image{"": one}))
		if got.Digest != digest(t, one) {
			t.Errorf("resolved to %s", got.Digest)
		}
		readsLayers(t, got.Images[0], one)
	})
	t.Run("one of several is taken by name", func(t *testing.T) {
		dir := layoutOf(t, map[string]v1.Image{"v1": one, "registry.example.com/app:v2": two})
		for name, want := range map[string]v1.Image{"v1": one, "v2": two} {
			if got := resolve(t, c, "oci:"+dir+":"+name); got.Digest != digest(t, want) {
				t.Errorf("%s resolved to %s", name, got.Digest)
			}
		}
	})
	t.Run("an index in it has platforms", func(t *testing.T) {
		dir := t.TempDir()
		p, err := layout.Write(dir, empty.Index)
		if err != nil {
			t.Fatal(err)
		}
		idx := index(platformed(one, "linux", "amd64", ""), platformed(two, "linux", "arm64", ""))
		if err := p.AppendIndex(idx); err != nil {
			t.Fatal(err)
		}
		got := resolve(t, c, "oci:"+dir, "linux/arm64")
		if got.Digest != digest(t, idx) || len(got.Images) != 1 || got.Images[0].Digest != digest(t, two) {
			t.Errorf("resolved to %s with %d images", got.Digest, len(got.Images))
		}
	})
}

func TestLayoutsThatCannotBeUsedAreRefusedWithWords(t *testing.T) {
	img := image(t, 1, 500, "linux", "amd64")
	c := newClient(t)
	blob := func(dir string, h v1.Hash) string { return filepath.Join(dir, "blobs", h.Algorithm, h.Hex) }
	manifest, _ := img.Digest()
	config, _ := img.ConfigName()
	outside := filepath.Join(t.TempDir(), "secret.json")
	if err := os.WriteFile(outside, []byte(`{"manifests":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		spoil func(dir string) error
		tag   string
		code  gate.Code
		words string
	}{
		{"no directory", os.RemoveAll, "", gate.CodeNotFound, "there is no directory"},
		{"no index", func(dir string) error { return os.Remove(dir + "/index.json") }, "", gate.CodeInvalid, "not an OCI image layout"},
		{"an index that is not JSON", func(dir string) error { return os.WriteFile(dir+"/index.json", []byte("{"), 0o600) }, "", gate.CodeInvalid, "index.json is not JSON"},
		{"an index without images", func(dir string) error { return os.WriteFile(dir+"/index.json", []byte("{}"), 0o600) }, "", gate.CodeInvalid, "holds no image"},
		{"an index of 20 MB", func(dir string) error { return os.Truncate(dir+"/index.json", 20<<20) }, "", gate.CodeLimit, "20971520 bytes"},
		{"a name that is not there", func(string) error { return nil }, ":v9", gate.CodeNotFound, `no image named "v9"; it has v1`},
		{"no manifest", func(dir string) error { return os.Remove(blob(dir, manifest)) }, "", gate.CodeNotFound, "does not have blob " + manifest.String()},
		{"another manifest", func(dir string) error { return os.WriteFile(blob(dir, manifest), []byte("{}"), 0o600) }, "", gate.CodeInvalid, "has digest"},
		{"no config", func(dir string) error { return os.Remove(blob(dir, config)) }, "", gate.CodeNotFound, "does not have blob " + config.String()},
		{"a config of 20 MB", func(dir string) error { return os.Truncate(blob(dir, config), 20<<20) }, "", gate.CodeLimit, "20971520 bytes"},
		{"a digest with a path in it", func(dir string) error {
			return os.WriteFile(dir+"/index.json", []byte(`{"manifests":[{"digest":"sha256:../../../etc/passwd"}]}`), 0o600)
		}, "", gate.CodeInvalid, "is not a digest"},
		{"an index that links out of the directory", func(dir string) error {
			return cmpErr(os.Remove(dir+"/index.json"), os.Symlink(outside, dir+"/index.json"))
		}, "", gate.CodeInvalid, "escapes"},
		{"an index that is a directory", func(dir string) error {
			return cmpErr(os.Remove(dir+"/index.json"), os.Mkdir(dir+"/index.json", 0o755))
		}, "", gate.CodeInvalid, "not an OCI image layout"},
		{"an index that is a FIFO nobody writes to", func(dir string) error {
			return cmpErr(os.Remove(dir+"/index.json"), syscall.Mkfifo(dir+"/index.json", 0o644))
		}, "", gate.CodeInvalid, "not an OCI image layout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := layoutOf(t, map[string]v1.Image{"v1": img})
			if err := tt.spoil(dir); err != nil {
				t.Fatal(err)
			}
			refused(t, c, "oci:"+dir+tt.tag, nil, tt.code, tt.words)
		})
	}
	t.Run("several images and no name", func(t *testing.T) {
		dir := layoutOf(t, map[string]v1.Image{"v1": img, "v2": image(t, 1, 1, "linux", "amd64")})
		refused(t, c, "oci:"+dir, nil, gate.CodeInvalid, "holds 2 images", "oci:DIR:NAME", "v1", "v2")
	})
	t.Run("a layer that is not there", func(t *testing.T) {
		dir := layoutOf(t, map[string]v1.Image{"v1": img})
		got := resolve(t, c, "oci:"+dir).Images[0]
		d := got.Evidence.Manifest.Layers[0]
		if err := os.Remove(filepath.Join(dir, "blobs/sha256", d.Digest[len("sha256:"):])); err != nil {
			t.Fatal(err)
		}
		_, err := got.Blobs.Open(t.Context(), 0, d)
		expectError(t, err, gate.CodeNotFound, "layer "+d.Digest)
	})
}

// cmpErr is the first error.
func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("spoil the layout: %w", err)
		}
	}
	return nil
}
