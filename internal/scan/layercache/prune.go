package layercache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// leftover is the age at which a temporary file belongs to a process that is
// gone.
const leftover = time.Hour

// Prune removes entries that were written before a time, and then the oldest
// until the rest have at most maxBytes in all; 0 bounds nothing, and neither
// does the zero time. A layer whose entry went is read again when it is met. It
// returns how many entries it removed and how many bytes they had.
func (d *Dir) Prune(maxBytes int64, olderThan time.Time) (removed int, freed int64, err error) {
	type entry struct {
		name    string
		size    int64
		written time.Time
	}
	var entries []entry
	var total int64
	err = filepath.WalkDir(d.path, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went in the meantime, or nothing was ever written
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		switch {
		case err != nil:
			return nil //nolint:nilerr // it went in the meantime
		case strings.HasPrefix(e.Name(), "sha256-"):
			entries = append(entries, entry{name, info.Size(), info.ModTime()})
			total += info.Size()
		case strings.HasPrefix(e.Name(), ".new-") && time.Since(info.ModTime()) > leftover:
			return remove(name)
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	slices.SortFunc(entries, func(a, b entry) int { return a.written.Compare(b.written) })
	for _, e := range entries {
		if !e.written.Before(olderThan) && (maxBytes <= 0 || total <= maxBytes) {
			break
		}
		if err := remove(e.name); err != nil {
			return removed, freed, err
		}
		total -= e.size
		freed += e.size
		removed++
	}
	return removed, freed, nil
}

func remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
