package vulndb

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/klauspost/compress/gzip"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxDatabase bounds trivy.db in bytes; Trivy's is about 1 GB.
const maxDatabase = 8 << 30

// unpack writes the two files of a database layer into dir. The layer's digest
// is verified while it is read (go-containerregistry's Compressed), anything
// else in the archive is left out.
func unpack(ctx context.Context, layer v1.Layer, dir string) error {
	compressed, err := layer.Compressed()
	if err != nil {
		return err
	}
	defer func() { _ = compressed.Close() }()
	gz, err := gzip.NewReader(compressed)
	if err != nil {
		return fmt.Errorf("the database layer is not gzip: %w", err)
	}
	tr := tar.NewReader(gz)
	found := 0
	for ctx.Err() == nil {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("the database layer ends early: %w", err)
		}
		name := path.Base(h.Name)
		if h.Typeflag != tar.TypeReg || (name != databaseFile && name != metadataFile) {
			continue
		}
		if h.Size > maxDatabase {
			return fmt.Errorf("%s has %d bytes, more than %d", name, h.Size, int64(maxDatabase))
		}
		if err := write(filepath.Join(dir, name), tr); err != nil {
			return err
		}
		found++
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if found != 2 {
		return fmt.Errorf("the artifact holds %d of %s and %s", found, databaseFile, metadataFile)
	}
	// To the last byte, so that the digest is checked.
	_, err = io.Copy(io.Discard, compressed)
	return err
}

func write(name string, r io.Reader) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
