package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// unpacked is how many bytes the image has at least.
const unpacked = 150 << 20

// subject makes the image that is measured: a distribution with some hundred
// package records and text that Trivy's secret scanner passes over (usr/share),
// text that it reads, Go's own programs, and packages of Node and Python. All
// of it comes with the Go that builds this.
func subject() (v1.Image, int64, error) {
	root := runtime.GOROOT() //nolint:staticcheck // the Go at hand is the data
	if root == "" {
		return nil, 0, fmt.Errorf("set GOROOT: the image is made of Go's own files")
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	total := int64(0)
	for _, fill := range []func(*layer) error{
		func(l *layer) error {
			distribution(l)
			return l.tree(filepath.Join(root, "src"), "usr/share/src", ".go", 90<<20)
		},
		func(l *layer) error { return l.tree(filepath.Join(root, "bin"), "usr/local/bin", "", 40<<20) },
		func(l *layer) error {
			return l.tree(filepath.Join(root, "pkg", "tool"), "usr/local/lib/tool", "", 80<<20)
		},
		func(l *layer) error { languages(l); return nil },
	} {
		var l layer
		l.w = tar.NewWriter(&l.b)
		if err := fill(&l); err != nil {
			return nil, 0, err
		}
		if err := l.w.Close(); err != nil {
			return nil, 0, err
		}
		data := l.b.Bytes()
		total += int64(len(data))
		blob, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
		if err != nil {
			return nil, 0, err
		}
		if image, err = mutate.AppendLayers(image, blob); err != nil {
			return nil, 0, err
		}
	}
	if total < unpacked {
		return nil, 0, fmt.Errorf("the image has %d bytes, fewer than %d", total, unpacked)
	}
	return image, total, nil
}

// layer is a tar being written.
type layer struct {
	b bytes.Buffer
	w *tar.Writer
}

func (l *layer) file(name string, mode int64, data []byte) {
	// Writing to memory does not fail; Close reports a misuse.
	_ = l.w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(data)), Typeflag: tar.TypeReg})
	_, _ = l.w.Write(data)
}

// tree adds a directory's files until limit bytes are written.
func (l *layer) tree(dir, to, suffix string, limit int) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(p, suffix) || l.b.Len() > limit {
			return err
		}
		data, err := os.ReadFile(p) //nolint:gosec // files of the Go at hand
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		l.file(to+"/"+filepath.ToSlash(rel), 0o755, data)
		return err
	})
}

func distribution(l *layer) {
	l.file("etc/os-release", 0o644, []byte("ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"))
	l.file("etc/debian_version", 0o644, []byte("12.8\n"))
	l.file("etc/passwd", 0o644, []byte("root:x:0:0::/root:/sbin/nologin\n"))
	var status strings.Builder
	for _, p := range []string{"openssl 3.0.9-1", "zlib1g/zlib 1:1.2.13.dfsg-1", "libc6/glibc 2.36-9+deb12u1", "curl 7.88.1-10", "libssl3/openssl 3.0.9-1", "bash 5.2.15-2"} {
		n, v, _ := strings.Cut(p, " ")
		n, source, _ := strings.Cut(n, "/")
		if source != "" {
			source = "Source: " + source + "\n"
		}
		fmt.Fprintf(&status, "Package: %s\n%sStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n\n", n, source, v)
	}
	for i := range 200 {
		fmt.Fprintf(&status, "Package: lib%d\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.%d-1\n\n", i, i)
	}
	l.file("var/lib/dpkg/status", 0o644, []byte(status.String()))
}

func languages(l *layer) {
	for i := range 800 {
		n := fmt.Sprintf("package-%d", i)
		if i == 0 {
			n = "json-schema"
		}
		l.file("srv/node_modules/"+n+"/package.json", 0o644, fmt.Appendf(nil, `{"name": %q, "version": "0.2.%d", "license": "MIT"}`, n, i%10))
		l.file("srv/node_modules/"+n+"/index.js", 0o644, bytes.Repeat([]byte("module.exports = function (token) { return token + 1 }\n"), 60))
	}
	for i := range 300 {
		l.file(fmt.Sprintf("usr/lib/python3/dist-packages/module_%d-1.0.dist-info/METADATA", i), 0o644, fmt.Appendf(nil, "Metadata-Version: 2.1\nName: module-%d\nVersion: 1.0\n", i))
	}
}

// variant is the image with another config: the same layers, another digest.
func variant(image v1.Image, user string, n int) (v1.Image, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config = v1.Config{User: user, Entrypoint: []string{"/usr/local/bin/go"}, Labels: map[string]string{"variant": fmt.Sprint(n)}}
	return mutate.ConfigFile(image, config)
}

// bomb is an image whose one layer unpacks to ten gigabytes of nothing.
func bomb() (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	blob, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() {
			t := tar.NewWriter(w)
			err := t.WriteHeader(&tar.Header{Name: "zeros", Mode: 0o644, Size: 10 << 30, Typeflag: tar.TypeReg})
			zeros := make([]byte, 1<<20)
			for i := 0; i < 10<<10 && err == nil; i++ {
				_, err = t.Write(zeros)
			}
			if err == nil {
				err = t.Close()
			}
			_ = w.CloseWithError(err)
		}()
		return r, nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(1))
	if err != nil {
		return nil, err
	}
	image, err = mutate.AppendLayers(image, blob)
	if err != nil {
		return nil, err
	}
	return variant(image, "65532:65532", 0)
}

func push(ctx remoteContext, image v1.Image, tag string) (string, error) {
	ref, err := name.NewTag(ctx.host + "/" + tag)
	if err != nil {
		return "", err
	}
	return ref.Name(), remote.Write(ref, image, remote.WithContext(ctx.ctx))
}
