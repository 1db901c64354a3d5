package policy

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxFiles bounds the policy files of a directory.
const maxFiles = 200

// Dir is a directory of policy files, such as a mounted ConfigMap, read again
// when they change. It implements gate.Policies. New files that do not load
// leave the old policies in force.
type Dir struct {
	path    string
	inForce string
	shipped []*Policy
	now     atomic.Pointer[dirState]
}

// dirState is what was read. It never changes.
type dirState struct {
	set     *Set
	content [sha256.Size]byte
	problem error // of a newer content that does not load
}

// OpenDir reads a directory's files, which come before the shipped policies.
// Where nothing matches, the policy named inForce decides; empty stands for
// "default". Errors are CodeInvalid and name file and line.
func OpenDir(path, inForce string) (*Dir, error) {
	d := &Dir{path: path, inForce: inForce, shipped: Shipped()}
	files, content, err := d.read()
	if err != nil {
		return nil, err
	}
	set, err := d.load(files)
	if err != nil {
		return nil, err
	}
	d.now.Store(&dirState{set: set, content: content})
	return d, nil
}

// Reload reads the directory if its files changed. It returns whether other
// policies are in force now, and why not if they cannot be.
func (d *Dir) Reload() (changed bool, err error) {
	old := d.now.Load()
	files, content, err := d.read()
	if err == nil && content == old.content {
		return false, old.problem
	}
	var set *Set
	if err == nil {
		set, err = d.load(files)
	}
	if err != nil {
		d.now.Store(&dirState{set: old.set, content: content, problem: err})
		return false, err
	}
	d.now.Store(&dirState{set: set, content: content})
	return true, nil
}

// Problem is why the files as they are now are not in force; nil when they are.
func (d *Dir) Problem() error { return d.now.Load().problem }

// Select implements gate.Policies.
func (d *Dir) Select(name string, ref gate.Reference) (gate.Policy, error) {
	return d.now.Load().set.Select(name, ref)
}

// Names lists the policies in order.
func (d *Dir) Names() []string { return d.now.Load().set.Names() }

type policyFile struct {
	name string
	data []byte
}

// read reads the directory's YAML files in order. What begins with a dot is the
// kubelet's: it switches a mounted ConfigMap over by such links.
func (d *Dir) read() (files []policyFile, content [sha256.Size]byte, err error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, content, gate.NewError(gate.CodeInvalid, "the policy directory "+d.path+" cannot be read", err)
	}
	sum := sha256.New()
	for _, e := range entries {
		name := filepath.Join(d.path, e.Name())
		if strings.HasPrefix(e.Name(), ".") || !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)) {
			continue
		}
		if len(files) == maxFiles {
			return nil, content, gate.NewError(gate.CodeLimit, fmt.Sprintf("the policy directory %s holds more than %d files", d.path, maxFiles), nil)
		}
		info, err := os.Stat(name)
		if err != nil || info.Mode()&fs.ModeType != 0 {
			continue // a directory, or a link being switched over
		}
		data, err := readFile(name)
		if err != nil {
			return nil, content, err
		}
		files = append(files, policyFile{name, data})
		fmt.Fprintf(sum, "%s\x00%d\x00", e.Name(), len(data))
		sum.Write(data)
	}
	return files, [sha256.Size]byte(sum.Sum(nil)), nil
}

// load makes a set of the files' policies. A name that two of them use would
// have one decide silently.
func (d *Dir) load(files []policyFile) (*Set, error) {
	var all []*Policy
	from := map[string]string{}
	for _, f := range files {
		policies, err := Load(f.name, f.data)
		if err != nil {
			return nil, err
		}
		for _, p := range policies {
			if other, used := from[p.ref.Name]; used {
				return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the policy name %q is used in %s and in %s: name each once", p.ref.Name, other, f.name), nil)
			}
			from[p.ref.Name] = f.name
		}
		all = append(all, policies...)
	}
	set := NewSet(d.inForce, append(all, d.shipped...)...)
	if _, err := set.Select(set.inForce, gate.Reference{}); err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "the policy in force is missing from "+d.path, err)
	}
	return set, nil
}
