package layer

import (
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// Class tells findings apart by the list of a gate.Contents they belong to.
type Class uint8

// The classes. Access is for files that count only in the flattened view:
// sudoers and authorized_keys.
const (
	Key Class = iota
	Credential
	Dump
	Access
)

// lists are the names of the classes' lists.
var lists = [...]string{Key: "keys", Credential: "credentials", Dump: "dumps", Access: "remote"}

// Finding is a file whose content says what it is. Nothing secret is kept.
type Finding struct {
	Class     Class
	Encrypted bool
	Kind      string
	Path      string // as the layer spells it
	Size      int64
	Detail    string
}

// maxDetail bounds what a finding says, in bytes.
const maxDetail = 120

// find keeps a finding about the file that passes.
func (w *walk) find(e *Entry, f Finding) {
	if w.listed[f.Class] >= maxList {
		w.cut(lists[f.Class])
		return
	}
	w.listed[f.Class]++
	if f.Class == Access {
		w.entrances[e.Path] = true
	}
	f.Path, f.Size, f.Detail = e.Path, e.Size, bounded(f.Detail, maxDetail)
	w.facts.Findings = append(w.facts.Findings, f)
}

// cut notes that the layer has more of a list than is kept.
func (w *walk) cut(list string) {
	if !slices.Contains(w.facts.Cut, list) {
		w.facts.Cut = append(w.facts.Cut, list)
	}
}

// secretFiles lists what any layer holds, and what became of it.
func (g *gatherer) secretFiles(layer int, f *Facts) {
	into := map[Class]*[]gate.SecretFile{Key: &g.c.Keys, Credential: &g.c.Credentials, Dump: &g.c.Dumps}
	for _, found := range f.Findings {
		list := into[found.Class]
		if list == nil {
			continue
		}
		if len(*list) >= maxList {
			g.truncated(lists[found.Class])
			continue
		}
		s := gate.SecretFile{
			Kind: found.Kind, Path: printable(found.Path), Layer: layer, Size: found.Size, Encrypted: found.Encrypted, Detail: found.Detail,
		}
		if by, removed := g.view.RemovedBy(layer, found.Path); removed {
			s.Deleted, s.RemovedBy = true, by
		}
		*list = append(*list, s)
	}
}

// access is the finding that lets somebody in by the file at n; nil when there
// is none.
func (g *gatherer) access(n *Node) *Finding {
	if g.entrances == nil {
		g.entrances = map[place]*Finding{}
		for i, f := range g.view.facts {
			for j := range f.Findings {
				if found := &f.Findings[j]; found.Class == Access {
					g.entrances[place{found.Path, i}] = found
				}
			}
		}
	}
	return g.entrances[n.origin().place]
}
