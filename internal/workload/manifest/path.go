package manifest

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxTotal bounds what one path brings, in bytes: everything stays in memory,
// at some twenty bytes for one of text.
const maxTotal = 32 << 20

// Bundle is what a path held.
type Bundle struct {
	Objects []*Object
	// Skipped says which files were passed over, and why.
	Skipped []Skip
	// inputs are what kustomizations so far take as text or patch, and the
	// directories of those.
	inputs map[string]string
}

// Skip is a file that holds no objects though its name says so.
type Skip struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// ReadPath reads a file, or every .yaml, .yml and .json below a directory in
// the order of their names. Sources of Kustomize and Helm are no objects: they
// are skipped, and the bundle says so. Errors are those of Read.
func ReadPath(path string) (Bundle, error) {
	var b Bundle
	path = filepath.Clean(path)
	info, err := os.Stat(path)
	if err != nil {
		return b, gate.NewError(gate.CodeNotFound, path+" cannot be read: name a file or directory of manifests, or - for standard input", err)
	}
	if !info.IsDir() {
		b.Objects, err = readFile(path, info.Size())
		return b, err
	}
	total := int64(0)
	b.inputs = map[string]string{}
	err = filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return gate.NewError(gate.CodeInvalid, file+" cannot be read", err)
		}
		switch {
		case entry.IsDir():
			return b.enter(path, file)
		case isManifest(file):
			return b.take(file, &total)
		}
		return nil
	})
	return b, err
}

// enter passes over directories that hold no objects.
func (b *Bundle) enter(root, dir string) error {
	name, parent := filepath.Base(dir), filepath.Dir(dir)
	maps.Copy(b.inputs, inputs(dir))
	switch {
	case dir == root:
	case strings.HasPrefix(name, "."):
		return filepath.SkipDir
	case name == "templates" && exists(filepath.Join(parent, "Chart.yaml")):
		b.skip(dir, "templates of a Helm chart, not objects; audit what they make: helm template "+parent+" | imagegate audit -")
		return filepath.SkipDir
	}
	return nil
}

// take reads one file of a directory, unless it is a source.
func (b *Bundle) take(file string, total *int64) error {
	reason := source(file)
	if by, ok := b.inputs[file]; ok {
		reason = "patch or text of a kustomization, not an object; audit what that makes: kubectl kustomize " + by + " | imagegate audit -"
	}
	if reason != "" {
		b.skip(file, reason)
		return nil
	}
	info, err := os.Stat(file) // through links: a mounted ConfigMap is made of them
	if err != nil {
		return gate.NewError(gate.CodeInvalid, file+" cannot be read", err)
	}
	if !info.Mode().IsRegular() {
		b.skip(file, "no regular file")
		return nil
	}
	if *total += info.Size(); *total > maxTotal {
		return gate.NewError(gate.CodeLimit, fmt.Sprintf("%s: manifests of more than %d MiB: audit the directories below one by one", file, maxTotal>>20), nil)
	}
	objects, err := readFile(file, info.Size())
	if err != nil {
		return err
	}
	if len(b.Objects)+len(objects) > maxObjects {
		return gate.NewError(gate.CodeLimit, fmt.Sprintf("%s: more than %d objects: audit the directories below one by one", file, maxObjects), nil)
	}
	b.Objects = append(b.Objects, objects...)
	return nil
}

func (b *Bundle) skip(file, reason string) {
	b.Skipped = append(b.Skipped, Skip{File: file, Reason: reason})
}

func isManifest(file string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(file)))
}

// source says why a file is no manifest, or nothing.
func source(file string) string {
	dir, name := filepath.Dir(file), filepath.Base(file)
	switch name {
	case "kustomization.yaml", "kustomization.yml":
		return "a source of Kustomize, not an object; audit what it makes: kubectl kustomize " + dir + " | imagegate audit -"
	case "Chart.yaml":
		return "a source of Helm, not an object; audit what it makes: helm template " + dir + " | imagegate audit -"
	}
	inChart := exists(filepath.Join(dir, "Chart.yaml"))
	if inChart && strings.HasPrefix(name, "values") {
		return "values of a Helm chart, not an object"
	}
	return ""
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func readFile(file string, size int64) ([]*Object, error) {
	if size > maxBytes {
		return nil, gate.NewError(gate.CodeLimit, fmt.Sprintf("%s is larger than %d MiB: split it", file, maxBytes>>20), nil)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, file+" cannot be read", err)
	}
	defer func() { _ = f.Close() }()
	return Read(file, f)
}
