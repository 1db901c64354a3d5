package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// Bounds of a state file: bytes, requests, and how long one is remembered.
const (
	maxState    = 256 << 10
	maxPending  = 2 * maxImages
	maxStateAge = 24 * time.Hour
)

const kindState = "GatectlState"

// stateFile is what a command leaves for its own restart. It holds no token
// and no verdict: what it names is asked for again.
type stateFile struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Pending    []pending `json:"pending"`
}

// pending is a request whose answer was not read yet. ID is empty until the
// gate accepted it.
type pending struct {
	Request string    `json:"request"` // its fingerprint
	Key     string    `json:"key"`
	ID      string    `json:"id,omitempty"`
	At      time.Time `json:"at"`
}

// state is an open state file. A nil one keeps nothing.
type state struct {
	name string
	mu   sync.Mutex // guards file and the file itself
	file stateFile
}

var (
	stateRequest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	stateKey     = regexp.MustCompile(`^[0-9A-Za-z-]{1,255}$`)
	evaluationID = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)
)

// openState reads a state file; one that is absent is empty. What cannot be
// trusted is an error, and stays as it is.
func openState(name string, now time.Time) (*state, error) {
	s := &state{name: name, file: stateFile{APIVersion: gate.APIVersion, Kind: kindState}}
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("others may read or write it (mode %04o, want 0600)", info.Mode().Perm())
	}
	data, err := readSmall(name, maxState)
	if err != nil {
		return nil, err
	}
	s.file, err = parseState(data, now)
	return s, err
}

// parseState reads what is recent of a state.
func parseState(data []byte, now time.Time) (stateFile, error) {
	var file stateFile
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil || !errors.Is(d.Decode(new(any)), io.EOF) {
		return file, errors.New("it is no state of gatectl, or a damaged one")
	}
	if err := file.valid(now); err != nil {
		return file, err
	}
	file.Pending = slices.DeleteFunc(file.Pending, func(p pending) bool { return now.Sub(p.At) > maxStateAge })
	return file, nil
}

func (f stateFile) valid(now time.Time) error {
	if f.APIVersion != gate.APIVersion || f.Kind != kindState {
		return fmt.Errorf("it is a %.40q of %.40q, and no %s of %s", f.Kind, f.APIVersion, kindState, gate.APIVersion)
	}
	if len(f.Pending) > maxPending {
		return fmt.Errorf("it holds %d requests, more than %d", len(f.Pending), maxPending)
	}
	for _, p := range f.Pending {
		if !stateRequest.MatchString(p.Request) || !stateKey.MatchString(p.Key) || (p.ID != "" && !evaluationID.MatchString(p.ID)) || p.At.After(now.Add(time.Hour)) {
			return errors.New("an entry of it is malformed")
		}
	}
	return nil
}

func (s *state) find(request string) (pending, bool) {
	if s == nil {
		return pending{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(request); i >= 0 {
		return s.file.Pending[i], true
	}
	return pending{}, false
}

func (s *state) index(request string) int {
	return slices.IndexFunc(s.file.Pending, func(p pending) bool { return p.Request == request })
}

// put remembers a request.
func (s *state) put(p pending) error {
	return s.change(p.Request, func(list []pending) []pending { return append(list, p) })
}

// drop forgets a request: its answer was read.
func (s *state) drop(request string) error {
	return s.change(request, func(list []pending) []pending { return list })
}

func (s *state) change(request string, to func([]pending) []pending) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(request); i >= 0 {
		s.file.Pending = slices.Delete(s.file.Pending, i, i+1)
	}
	s.file.Pending = to(s.file.Pending)
	if n := len(s.file.Pending) - maxPending; n > 0 {
		s.file.Pending = s.file.Pending[n:]
	}
	if err := s.save(); err != nil {
		return gate.NewError(gate.CodeUnavailable, "the state file "+s.name+" cannot be written: name another with --state", err)
	}
	return nil
}

// save replaces the file, so that an end in its middle leaves the one before.
// A state of nothing is no file.
func (s *state) save() error {
	if len(s.file.Pending) == 0 {
		if err := os.Remove(s.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	data, err := json.MarshalIndent(s.file, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(s.name, data, 0o600)
}

// replaceFile writes a file beside the named one and puts it in its place: a
// link that lies there is replaced, and not followed.
func replaceFile(name string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".gatectl-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already where it was renamed
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	return err
}
