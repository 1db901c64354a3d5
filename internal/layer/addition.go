package layer

import (
	"cmp"
	"maps"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// sums adds up what a layer writes, by directory.
type sums struct {
	files int
	bytes int64
	dirs  map[string]*sum
	dir   string // the last entry's
	last  *sum
}

// sum is of one directory: its own files until spread adds those below.
type sum struct {
	files int
	bytes int64
}

// Which directories stand for a layer: those of the root, or of containers,
// which say little themselves; and where one of its subdirectories holds
// dominates percent of a directory's bytes, that one in its place.
const (
	maxAdds   = 8
	dominates = 80
	// maxLevels is how deep directories are told apart.
	maxLevels = 8
)

var containers = map[string]bool{"/usr": true, "/usr/local": true, "/var": true, "/var/lib": true, "/opt": true, "/home": true}

func newSums() *sums { return &sums{dirs: map[string]*sum{}} }

func (s *sums) add(e *Entry) {
	s.files++
	s.bytes += e.Size
	if dir := parent(e.Path); dir != s.dir || s.last == nil {
		s.dir, s.last = dir, s.at(upTo(dir, maxLevels))
	}
	s.last.files++
	s.last.bytes += e.Size
}

// at is the sum of a directory; "" is the root.
func (s *sums) at(dir string) *sum {
	d := s.dirs[dir]
	if d == nil {
		d = &sum{}
		s.dirs[dir] = d
	}
	return d
}

// upTo cuts a directory after so many names.
func upTo(dir string, names int) string {
	for i := range len(dir) {
		if dir[i] == '/' {
			if names--; names < 0 {
				return dir[:i]
			}
		}
	}
	return dir
}

// largest are the directories that hold most. No two of them overlap.
func (s *sums) largest() []gate.Addition {
	below := s.spread()
	var out []gate.Addition
	var add func(dir string)
	add = func(dir string) {
		d := *s.dirs[dir]
		if dir == "" || containers[dir] {
			for _, child := range below[dir] { // what lies in it directly is a file of its own
				d.files -= s.dirs[child].files
				d.bytes -= s.dirs[child].bytes
				add(child)
			}
		} else {
			for next := s.dominant(below[dir], d.bytes); next != ""; next = s.dominant(below[dir], d.bytes) {
				dir, d = next, *s.dirs[next]
			}
		}
		if d.bytes > 0 {
			out = append(out, gate.Addition{Path: printable(cmp.Or(dir, "/")), Files: d.files, Bytes: d.bytes})
		}
	}
	if s.dirs[""] != nil {
		add("")
	}
	slices.SortFunc(out, func(a, b gate.Addition) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Path, b.Path))
	})
	return out[:min(len(out), maxAdds)]
}

// spread adds each directory's files to all above it, and returns each one's
// subdirectories.
func (s *sums) spread() map[string][]string {
	below := map[string][]string{}
	dirs := slices.Collect(maps.Keys(s.dirs))
	for i := 0; i < len(dirs); i++ {
		if dirs[i] == "" {
			continue
		}
		up := parent(dirs[i])
		if s.dirs[up] == nil {
			s.dirs[up] = &sum{}
			dirs = append(dirs, up)
		}
		below[up] = append(below[up], dirs[i])
	}
	// The longest first, so that what is below is whole when it is added.
	slices.SortFunc(dirs, func(a, b string) int { return len(b) - len(a) })
	for _, dir := range dirs {
		if dir != "" {
			up := s.dirs[parent(dir)]
			up.files += s.dirs[dir].files
			up.bytes += s.dirs[dir].bytes
		}
	}
	return below
}

// dominant is the one of some directories that holds nearly all of the bytes
// above; "" when there is none.
func (s *sums) dominant(dirs []string, bytes int64) string {
	for _, dir := range dirs {
		if bytes > 0 && s.dirs[dir].bytes >= bytes/100*dominates+bytes%100*dominates/100 {
			return dir
		}
	}
	return ""
}
