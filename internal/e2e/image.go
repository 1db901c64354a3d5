package main

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// image has one layer of files and directories of this machine
// (/in/image=/on/disk) and of links (/link@target), and a /tmp.
// The layer is kept in dir, and read from there when the image is pushed.
func image(dir, user string, env, files []string) (v1.Image, error) {
	f, err := os.CreateTemp(dir, "layer-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	w := tar.NewWriter(f)
	if err := w.WriteHeader(&tar.Header{Name: "tmp/", Mode: 0o1777, Typeflag: tar.TypeDir}); err != nil {
		return nil, err
	}
	for _, spec := range files {
		if err := add(w, spec); err != nil {
			return nil, fmt.Errorf("%s: %w", spec, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromFile(f.Name(), tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if img, err = mutate.AppendLayers(img, layer); err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config = v1.Config{User: user, Env: env, Cmd: []string{"sh"}, WorkingDir: "/"}
	return mutate.ConfigFile(img, config)
}

func add(w *tar.Writer, spec string) error {
	if link, target, ok := strings.Cut(spec, "@"); ok {
		return w.WriteHeader(&tar.Header{Name: strings.TrimPrefix(link, "/"), Linkname: target, Mode: 0o777, Typeflag: tar.TypeSymlink})
	}
	in, on, ok := strings.Cut(spec, "=")
	if !ok {
		return fmt.Errorf("expected /in/image=/on/disk or /link@target")
	}
	return filepath.WalkDir(on, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(on, path)
		if err != nil {
			return err
		}
		// A toolchain's tests are most of its files and build nothing.
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		info, err := os.Stat(path)
		if err != nil || (!info.IsDir() && !info.Mode().IsRegular()) || strings.HasSuffix(path, "_test.go") {
			return err
		}
		h := &tar.Header{Name: strings.TrimPrefix(filepath.Join(in, rel), "/"), Mode: int64(info.Mode().Perm()) | 0o444}
		if info.IsDir() {
			h.Name, h.Mode, h.Typeflag = h.Name+"/", 0o755, tar.TypeDir
			return w.WriteHeader(h)
		}
		h.Typeflag, h.Size = tar.TypeReg, info.Size()
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		f, err := os.Open(path) //nolint:gosec // files of the machine that makes the image
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		_, err = io.Copy(w, f)
		return err
	})
}
