// Package layercache keeps layer analyses as files, one a layer, so that any
// number of processes may read and write them at once: no lock to wait for, no
// server, and a crash leaves at worst a temporary file.
package layercache

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// Dir is a cache in a directory: DIR/GENERATION/ab/sha256-….
type Dir struct{ path string }

// New makes a cache below path, which is created when first written to.
func New(path string) *Dir { return &Dir{path: path} }

// Path is the directory.
func (d *Dir) Path() string { return d.path }

// Both name parts come from other processes: nothing but these is a file name.
var (
	validGeneration = regexp.MustCompile(`^[0-9a-f]{16}$`)
	validDiffID     = regexp.MustCompile(`^sha(256|512):[0-9a-f]{64,128}$`)
)

// maxFile bounds one entry in bytes.
const maxFile = 256 << 20

func (d *Dir) file(generation, diffID string) (string, error) {
	if !validGeneration.MatchString(generation) || !validDiffID.MatchString(diffID) {
		return "", fmt.Errorf("layer cache: %.80q of generation %.20q is not a layer", diffID, generation)
	}
	hex := diffID[len("sha256:"):]
	return filepath.Join(d.path, generation, hex[:2], "sha256-"+hex), nil
}

// Get returns the layer's entry, or nil when there is none that can be read.
func (d *Dir) Get(generation, diffID string) []byte {
	name, err := d.file(generation, diffID)
	if err != nil {
		return nil
	}
	if info, err := os.Stat(name); err != nil || info.Size() > maxFile {
		return nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	return data
}

// Has tells whether the layer has an entry, without reading it.
func (d *Dir) Has(generation, diffID string) bool {
	name, err := d.file(generation, diffID)
	if err != nil {
		return false
	}
	info, err := os.Stat(name)
	return err == nil && info.Size() <= maxFile
}

// Put stores a layer's entry. A reader sees the old entry or the new one.
func (d *Dir) Put(generation, diffID string, data []byte) error {
	name, err := d.file(generation, diffID)
	if err != nil {
		return err
	}
	if len(data) > maxFile {
		return fmt.Errorf("layer cache: entry of %s has %d bytes, more than %d", diffID, len(data), maxFile)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
