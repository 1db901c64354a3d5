package registry_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/imagegate/imagegate/internal/gate"
)

// entry is one member of a handmade archive.
type entry struct {
	tar.Header
	body string
}

func regular(name, body string) entry { return entry{tar.Header{Name: name, Mode: 0o644}, body} }
func symlink(name, target string) entry {
	return entry{tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}, ""}
}

// archiveOf writes a tar file of entries.
func archiveOf(t testing.TB, entries ...entry) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		e.Size = int64(len(e.body))
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return fileOf(t, b.Bytes())
}

func fileOf(t testing.TB, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func compressed(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ociArchive packs an OCI layout.
func ociArchive(t testing.TB, dir string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOCIArchive(t *testing.T) {
	img := image(t, 2, 5000, "linux", "amd64")
	packed := ociArchive(t, layoutOf(t, map[string]v1.Image{"v1": img}))
	c := newClient(t)
	for name, content := range map[string][]byte{"as a tar file": packed, "compressed": compressed(t, packed)} {
		t.Run(name, func(t *testing.T) {
			got := resolve(t, c, "oci-archive:"+fileOf(t, content), "linux/amd64")
			if got.Digest != digest(t, img) {
				t.Errorf("resolved to %s", got.Digest)
			}
			readsLayers(t, got.Images[0], img)
		})
	}
	t.Run("a compressed one leaves no file behind", func(t *testing.T) {
		temp := t.TempDir()
		t.Setenv("TMPDIR", temp)
		readsLayers(t, resolve(t, c, "oci-archive:"+fileOf(t, compressed(t, packed))).Images[0], img)
		if left, _ := fs.Glob(os.DirFS(temp), "*"); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	})
}

// dockerSave makes what docker save writes: uncompressed layers.
func dockerSave(t testing.TB, config string, manifest string, more ...entry) string {
	t.Helper()
	return archiveOf(t, append([]entry{regular("manifest.json", manifest), regular("config.json", config)}, more...)...)
}

func diffID(layer string) string {
	sum := sha256.Sum256([]byte(layer))
	return "sha256:" + hex.EncodeToString(sum[:])
}

const plainLayer = "the bytes of a layer as docker save writes them"

func configOf(diffIDs ...string) string {
	list, _ := json.Marshal(diffIDs)
	return `{"os":"linux","architecture":"amd64","config":{"User":"app"},"rootfs":{"type":"layers","diff_ids":` + string(list) + `}}`
}

func TestDockerArchive(t *testing.T) {
	c := newClient(t)
	one := `[{"Config":"config.json","RepoTags":["app:v1"],"Layers":["0/layer.tar"]}]`
	read := func(t *testing.T, got gate.Image, i int) string {
		t.Helper()
		r, err := got.Blobs.Open(t.Context(), i, got.Evidence.Manifest.Layers[i])
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	t.Run("is named by its config, its layers by their diffIDs", func(t *testing.T) {
		config := configOf(diffID(plainLayer))
		got := resolve(t, c, "docker-archive:"+dockerSave(t, config, one, regular("0/layer.tar", plainLayer)))
		img := got.Images[0]
		if got.Digest != diffID(config) || img.Digest != got.Digest || img.Evidence.Config.User != "app" || img.Evidence.Platform != "linux/amd64" {
			t.Errorf("resolved to %s, %+v", got.Digest, img.Evidence)
		}
		if d := img.Evidence.Manifest.Layers[0]; d.Digest != diffID(plainLayer) || d.Size != int64(len(plainLayer)) || d.MediaType != "application/vnd.docker.image.rootfs.diff.tar" {
			t.Errorf("layer %+v", d)
		}
		if read(t, img, 0) != plainLayer {
			t.Error("other bytes")
		}
	})
	t.Run("with the leading ./ that some tools write", func(t *testing.T) {
		got := resolve(t, c, "docker-archive:"+archiveOf(t, regular("./manifest.json", one), regular("./config.json", configOf(diffID(plainLayer))), regular("./0/layer.tar", plainLayer)))
		if read(t, got.Images[0], 0) != plainLayer {
			t.Error("other bytes")
		}
	})
	t.Run("with a repeated layer that is a symbolic link", func(t *testing.T) {
		manifest := `[{"Config":"config.json","Layers":["0/layer.tar","1/layer.tar"]}]`
		got := resolve(t, c, "docker-archive:"+dockerSave(t, configOf(diffID(plainLayer), diffID(plainLayer)), manifest, symlink("1/layer.tar", "../0/layer.tar"), regular("0/layer.tar", plainLayer)))
		if read(t, got.Images[0], 1) != plainLayer {
			t.Error("other bytes")
		}
	})
	t.Run("with layers saved compressed, as other tools do", func(t *testing.T) {
		img := image(t, 2, 3000, "linux", "amd64")
		file := filepath.Join(t.TempDir(), "image.tar")
		tag, _ := name.NewTag("app:v1")
		if err := tarball.WriteToFile(file, tag, img); err != nil {
			t.Fatal(err)
		}
		got := resolve(t, c, "docker-archive:"+file)
		want, _ := img.ConfigName()
		if got.Digest != want.String() {
			t.Errorf("resolved to %s", got.Digest)
		}
		readsLayers(t, got.Images[0], img)
	})
	t.Run("that is an OCI layout, as Docker 25 and newer save", func(t *testing.T) {
		img := image(t, 1, 3000, "linux", "amd64")
		got := resolve(t, c, "docker-archive:"+fileOf(t, ociArchive(t, layoutOf(t, map[string]v1.Image{"v1": img}))))
		if got.Digest != digest(t, img) {
			t.Errorf("resolved to %s", got.Digest)
		}
	})
	t.Run("for another platform is refused", func(t *testing.T) {
		refused(t, c, "docker-archive:"+dockerSave(t, configOf(diffID(plainLayer)), one, regular("0/layer.tar", plainLayer)), []string{"linux/arm64"}, gate.CodeInvalid, "linux/amd64 only")
	})
}

func TestArchivesThatCannotBeUsedAreRefusedWithWords(t *testing.T) {
	c := newClient(t)
	config := configOf(diffID(plainLayer))
	layer := regular("0/layer.tar", plainLayer)
	one := `[{"Config":"config.json","Layers":["0/layer.tar"]}]`
	whole, err := os.ReadFile(dockerSave(t, config, one, layer, regular("big", string(make([]byte, 100_000)))))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		file  string
		code  gate.Code
		words string
	}{
		{"no file", filepath.Join(t.TempDir(), "none.tar"), gate.CodeNotFound, "cannot be opened"},
		{"a directory", t.TempDir(), gate.CodeInvalid, "not a tar archive"},
		{"an empty file", fileOf(t, nil), gate.CodeInvalid, "not an OCI image layout"},
		{"a file of something else", fileOf(t, bytes.Repeat([]byte("not a tar. "), 1000)), gate.CodeInvalid, "not a tar archive"},
		{"an archive that is cut short", fileOf(t, whole[:len(whole)-50_000]), gate.CodeInvalid, "not a tar archive"},
		{"compressed bytes that are cut short", fileOf(t, compressed(t, whole)[:300]), gate.CodeInvalid, "cannot be decompressed"},
		{"a manifest that is not JSON", dockerSave(t, config, "{", layer), gate.CodeInvalid, "manifest.json cannot be read"},
		{"a manifest of 20 MB", dockerSave(t, config, string(make([]byte, 20<<20)), layer), gate.CodeLimit, "20971520 bytes"},
		{"two images", dockerSave(t, config, `[{"Config":"config.json"},{"Config":"config.json"}]`, layer), gate.CodeInvalid, "holds 2 images"},
		{"no image", dockerSave(t, config, `[]`, layer), gate.CodeInvalid, "holds 0 images"},
		{"no config", dockerSave(t, config, `[{"Config":"other.json","Layers":[]}]`), gate.CodeInvalid, `the config "other.json"`},
		{"a config that is none", dockerSave(t, "[1]", one, layer), gate.CodeInvalid, "not an image config"},
		{"a config of 20 MB", dockerSave(t, string(make([]byte, 20<<20)), one, layer), gate.CodeLimit, "20971520 bytes"},
		{"a layer that is not there", dockerSave(t, config, `[{"Config":"config.json","Layers":["1/layer.tar"]}]`, layer), gate.CodeInvalid, `layer "1/layer.tar" is not in the archive`},
		{"a config outside the archive", dockerSave(t, config, `[{"Config":"../../../../etc/passwd","Layers":[]}]`), gate.CodeInvalid, "cannot be read"},
		{"a layer outside the archive", dockerSave(t, config, `[{"Config":"config.json","Layers":["/etc/passwd"]}]`), gate.CodeInvalid, "is not in the archive"},
		{"a layer that links out of the archive", dockerSave(t, config, one, symlink("0/layer.tar", "/etc/passwd")), gate.CodeInvalid, "is not in the archive"},
		{"a layer that links to itself", dockerSave(t, config, one, symlink("0/layer.tar", "layer.tar")), gate.CodeInvalid, "is not in the archive"},
		{"a layer that is a directory", dockerSave(t, config, one, entry{tar.Header{Typeflag: tar.TypeDir, Name: "0/layer.tar/"}, ""}), gate.CodeInvalid, "is not in the archive"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, c, "docker-archive:"+tt.file, nil, tt.code, tt.words)
		})
	}
	t.Run("more members than any image has", func(t *testing.T) {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for i := range 100_002 {
			if err := w.WriteHeader(&tar.Header{Name: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		refused(t, c, "oci-archive:"+fileOf(t, b.Bytes()), nil, gate.CodeLimit, "more than 100000 members")
	})
	t.Run("a caller that gives up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, content := range [][]byte{whole, compressed(t, whole)} {
			_, err := c.Resolve(ctx, parse(t, "docker-archive:"+fileOf(t, content)), nil)
			expectError(t, err, gate.CodeUnavailable, "no time left")
		}
	})
}
