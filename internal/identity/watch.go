package identity

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/imagegate/imagegate/internal/gate"
)

// File is a rights file and the JWKS files that it names, read again when they
// change. New contents that do not load leave the old ones in force.
type File struct {
	path string
	now  atomic.Pointer[fileState]
}

// fileState is what was read. It never changes.
type fileState struct {
	rights  *Rights
	keys    map[string]keySet // of JWKS files, by issuer
	content [sha256.Size]byte
	problem error // of a newer content that does not load
}

// OpenFile reads a rights file. Errors are CodeInvalid and name file and line.
func OpenFile(path string) (*File, error) {
	f := &File{path: path}
	state, err := f.read()
	if err != nil {
		return nil, err
	}
	f.now.Store(state)
	return f, nil
}

// Reload reads the files if they changed. It returns whether other rights are
// in force now, and why not if they cannot be.
func (f *File) Reload() (changed bool, err error) {
	old := f.now.Load()
	state, err := f.read()
	switch {
	case err != nil:
		f.now.Store(&fileState{rights: old.rights, keys: old.keys, content: old.content, problem: err})
		return false, err
	case state.content == old.content && old.problem == nil:
		return false, nil
	}
	f.now.Store(state)
	return state.content != old.content, nil
}

// Problem is why the files as they are now are not in force; nil when they are.
func (f *File) Problem() error { return f.now.Load().problem }

// Words says what is in force, for a log.
func (f *File) Words() string {
	if n := len(f.now.Load().rights.callers); n != 1 {
		return fmt.Sprintf("%d callers", n)
	}
	return "1 caller"
}

// NamesCertificates reports whether a caller in force is known by a certificate.
func (f *File) NamesCertificates() bool {
	return slices.ContainsFunc(f.now.Load().rights.callers, func(c caller) bool { return c.certificate != nil })
}

func (f *File) read() (*fileState, error) {
	data, err := readBounded(f.path, "rights file", maxFile)
	if err != nil {
		return nil, err
	}
	state := &fileState{keys: map[string]keySet{}}
	if state.rights, err = ParseRights(f.path, data); err != nil {
		return nil, err
	}
	sum := sha256.New()
	frame := func(data []byte) {
		_, _ = io.WriteString(sum, strconv.Itoa(len(data))+"\x00") // a hash takes everything
		_, _ = sum.Write(data)
	}
	frame(data)
	for _, issuer := range slices.Sorted(maps.Keys(state.rights.keyFiles)) {
		name := state.rights.keyFiles[issuer]
		if name == "" {
			continue
		}
		data, err := readBounded(name, "JWKS file", maxKeySet)
		if err != nil {
			return nil, err
		}
		if state.keys[issuer], err = parseKeySet(data); err != nil {
			return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the JWKS file %s cannot be used: %v", name, err), nil)
		}
		frame(data)
	}
	state.content = [sha256.Size]byte(sum.Sum(nil))
	return state, nil
}

func readBounded(name, what string, bound int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the %s %s cannot be read", what, name), err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, bound+1))
	if err == nil && int64(len(data)) > bound {
		err = fmt.Errorf("it is larger than %d bytes", bound)
	}
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the %s %s cannot be read", what, name), err)
	}
	return data, nil
}
