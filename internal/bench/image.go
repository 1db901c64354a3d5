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
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/imagegate/imagegate/internal/bench/fixture"
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
	total := int64(0)
	var layers []v1.Layer
	for _, fill := range []func(*fixture.Layer) error{
		func(l *fixture.Layer) error {
			distribution(l)
			return tree(l, filepath.Join(root, "src"), "usr/share/src", ".go", 90<<20)
		},
		func(l *fixture.Layer) error { return tree(l, filepath.Join(root, "bin"), "usr/local/bin", "", 40<<20) },
		func(l *fixture.Layer) error {
			return tree(l, filepath.Join(root, "pkg", "tool"), "usr/local/lib/tool", "", 80<<20)
		},
		func(l *fixture.Layer) error { languages(l); return nil },
	} {
		l := fixture.NewLayer()
		if err := fill(l); err != nil {
			return nil, 0, err
		}
		blob, err := l.Blob()
		if err != nil {
			return nil, 0, err
		}
		total += int64(l.Len())
		layers = append(layers, blob)
	}
	if total < unpacked {
		return nil, 0, fmt.Errorf("the image has %d bytes, fewer than %d", total, unpacked)
	}
	image, err := fixture.Image(layers...)
	return image, total, err
}

// tree adds a directory's files until limit bytes are written.
func tree(l *fixture.Layer, dir, to, suffix string, limit int) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(p, suffix) || l.Len() > limit {
			return err
		}
		data, err := os.ReadFile(p) //nolint:gosec // files of the Go at hand
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		l.File(to+"/"+filepath.ToSlash(rel), 0o755, data)
		return err
	})
}

func distribution(l *fixture.Layer) {
	packages := []string{"openssl 3.0.9-1", "zlib1g/zlib 1:1.2.13.dfsg-1", "libc6/glibc 2.36-9+deb12u1", "curl 7.88.1-10", "libssl3/openssl 3.0.9-1", "bash 5.2.15-2"}
	for i := range 200 {
		packages = append(packages, fmt.Sprintf("lib%d 1.%d-1", i, i))
	}
	l.Distribution(packages...)
}

func languages(l *fixture.Layer) {
	for i := range 800 {
		n := fmt.Sprintf("package-%d", i)
		if i == 0 {
			n = "json-schema"
		}
		l.File("srv/node_modules/"+n+"/package.json", 0o644, fmt.Appendf(nil, `{"name": %q, "version": "0.2.%d", "license": "MIT"}`, n, i%10))
		l.File("srv/node_modules/"+n+"/index.js", 0o644, bytes.Repeat([]byte("module.exports = function (token) { return token + 1 }\n"), 60))
	}
	for i := range 300 {
		l.File(fmt.Sprintf("usr/lib/python3/dist-packages/module_%d-1.0.dist-info/METADATA", i), 0o644, fmt.Appendf(nil, "Metadata-Version: 2.1\nName: module-%d\nVersion: 1.0\n", i))
	}
}

// variant is the image with another config: the same layers, another digest.
func variant(image v1.Image, user string, n int) (v1.Image, error) {
	return fixture.Variant(image, user, "/usr/local/bin/go", n)
}

// bomb is an image whose one layer unpacks to ten gigabytes of nothing.
func bomb() (v1.Image, error) {
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
	image, err := fixture.Image(blob)
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
