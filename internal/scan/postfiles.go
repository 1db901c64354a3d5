//go:build goexperiment.jsonv2

package scan

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/aquasecurity/trivy/pkg/fanal/analyzer"
	"github.com/aquasecurity/trivy/pkg/mapfs"
)

// postMemory is how many bytes of files for post-analyzers one layer keeps in
// memory; further ones go to temporary files. A node_modules tree is thousands
// of files of a kilobyte: memory spares it as many files on disk.
const postMemory = 24 << 20

// postFiles gathers the files that Trivy's post-analyzers want to see together
// after the layer has passed.
type postFiles struct {
	dir   string // made when the first file does not fit
	used  int64
	files map[analyzer.Type]*mapfs.FS
}

func newPostFiles() *postFiles { return &postFiles{files: map[analyzer.Type]*mapfs.FS{}} }

func (p *postFiles) add(types []analyzer.Type, name string, info fs.FileInfo, open analyzer.Opener) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	var data []byte
	var file string
	if p.used+info.Size() <= postMemory {
		if data, err = io.ReadAll(r); err != nil {
			return err
		}
		p.used += int64(len(data))
	} else if file, err = p.spill(r); err != nil {
		return err
	}
	for _, t := range types {
		fsys := p.files[t]
		if fsys == nil {
			fsys = mapfs.New()
			p.files[t] = fsys
		}
		if err := put(fsys, name, data, file); err != nil {
			return err
		}
	}
	return nil
}

// errNoPlace is a path that cannot exist beside the layer's other files, for
// example below another file: what lies there goes unanalyzed, and is told.
var errNoPlace = errors.New("the path cannot exist beside the layer's other files")

// put writes one file into a post-analyzer's file system.
func put(fsys *mapfs.FS, name string, data []byte, file string) error {
	if dir := path.Dir(name); dir != "." {
		if err := fsys.MkdirAll(dir, fs.ModePerm); err != nil && !errors.Is(err, fs.ErrExist) {
			return errNoPlace
		}
	}
	if file != "" {
		return fsys.WriteFile(name, file)
	}
	return fsys.WriteVirtualFile(name, data, 0o600)
}

func (p *postFiles) spill(r io.Reader) (string, error) {
	if p.dir == "" {
		dir, err := os.MkdirTemp("", "post-")
		if err != nil {
			return "", err
		}
		p.dir = dir
	}
	f, err := os.CreateTemp(p.dir, "file-")
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(f, r); err != nil {
		_ = f.Close()
		return "", err
	}
	return f.Name(), f.Close()
}

// composite is what Trivy's PostAnalyze reads.
func (p *postFiles) composite() (*analyzer.CompositeFS, error) {
	c, err := analyzer.NewCompositeFS()
	if err != nil {
		return nil, err
	}
	for t, fsys := range p.files {
		c.Set(t, fsys)
	}
	return c, nil
}

func (p *postFiles) close() {
	if p.dir != "" {
		_ = os.RemoveAll(p.dir)
	}
}
