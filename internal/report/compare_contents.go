package report

import (
	"maps"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// PackageChanges are packages by name and kind. Several versions of one package
// are compared version by version.
type PackageChanges struct {
	Added   []PackageState  `json:"added,omitempty"`
	Removed []PackageState  `json:"removed,omitempty"`
	Changed []PackageChange `json:"changed,omitempty"`
}

// PackageState is a package that one side has.
type PackageState struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Version string `json:"version"`
}

// PackageChange is a package of another version.
type PackageChange struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Change
}

// VulnerabilityChanges are vulnerabilities that one side has, by id, package
// and path.
type VulnerabilityChanges struct {
	Introduced []VulnerabilityState `json:"introduced,omitempty"`
	Resolved   []VulnerabilityState `json:"resolved,omitempty"`
}

// VulnerabilityState is a vulnerability of a package.
type VulnerabilityState struct {
	ID        string        `json:"id"`
	Package   string        `json:"package"`
	Installed string        `json:"installed"`
	Fixed     string        `json:"fixed,omitempty"`
	Severity  gate.Severity `json:"severity"`
	Score     float64       `json:"score"`
}

// LayerChanges are layers by the digests of their uncompressed content.
type LayerChanges struct {
	Shared int `json:"shared"`
	// SharedBytes and the layers' Bytes are unpacked where both sides were
	// read, else compressed.
	SharedBytes int64        `json:"sharedBytes"`
	Added       []LayerState `json:"added,omitempty"`
	Removed     []LayerState `json:"removed,omitempty"`
}

// LayerState is a layer that one side has. CreatedBy is masked where it may
// hold a secret.
type LayerState struct {
	Index     int    `json:"index"`
	DiffID    string `json:"diffID"`
	Bytes     int64  `json:"bytes"`
	CreatedBy string `json:"createdBy,omitempty"`
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// without is what a has and b lacks.
func without(a, b []string) []string {
	known := set(b)
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return known[s] })
}

func set(list []string) map[string]bool {
	out := map[string]bool{}
	for _, s := range list {
		out[s] = true
	}
	return out
}

func packageChanges(a, b []gate.Package) *PackageChanges {
	before, after := versions(a), versions(b)
	all := maps.Clone(before)
	maps.Copy(all, after)
	c := &PackageChanges{}
	for _, k := range sortedKeys(all) {
		name, kind, _ := strings.Cut(k, "\x00")
		gone, come := without(before[k], after[k]), without(after[k], before[k])
		if len(gone) == 1 && len(come) == 1 {
			c.Changed = append(c.Changed, PackageChange{name, kind, Change{gone[0], come[0]}})
			continue
		}
		for _, v := range gone {
			c.Removed = append(c.Removed, PackageState{name, kind, v})
		}
		for _, v := range come {
			c.Added = append(c.Added, PackageState{name, kind, v})
		}
	}
	return c
}

// versions are the distinct versions of each package, by name and kind.
func versions(list []gate.Package) map[string][]string {
	out := map[string][]string{}
	for _, p := range list {
		k := p.Name + "\x00" + p.Type
		if !slices.Contains(out[k], p.Version) {
			out[k] = append(out[k], p.Version)
		}
	}
	for _, v := range out {
		slices.Sort(v)
	}
	return out
}

func vulnerabilityChanges(a, b Document, platform string) VulnerabilityChanges {
	before, after := map[string]vuln{}, map[string]vuln{}
	for m, d := range map[*map[string]vuln]Document{&before: a, &after: b} {
		for _, v := range vulns(d, platform) {
			(*m)[v.key()] = v
		}
	}
	return VulnerabilityChanges{Introduced: lacking(after, before), Resolved: lacking(before, after)}
}

// lacking are a's vulnerabilities that b lacks, worst first.
func lacking(a, b map[string]vuln) []VulnerabilityState {
	var out []VulnerabilityState
	for _, k := range sortedKeys(a) {
		if _, ok := b[k]; !ok {
			v := a[k]
			out = append(out, VulnerabilityState{v.ID, v.Package, v.Installed, v.Fixed, v.Severity, v.Score})
		}
	}
	slices.SortStableFunc(out, func(x, y VulnerabilityState) int { return y.Severity.Rank() - x.Severity.Rank() })
	return out
}

func layerChanges(before, after *gate.ImageEvidence) *LayerChanges {
	if (before.Contents == nil) != (after.Contents == nil) {
		// Sizes of one kind: those of the manifests.
		x, y := *before, *after
		x.Contents, y.Contents = nil, nil
		before, after = &x, &y
	}
	c := &LayerChanges{}
	old := map[string]int{}
	for _, l := range layers(before) {
		old[l.id()]++
	}
	for _, l := range layers(after) {
		if old[l.id()] > 0 {
			old[l.id()]--
			c.Shared++
			c.SharedBytes += l.Bytes
			continue
		}
		c.Added = append(c.Added, l.state())
	}
	for _, l := range layers(before) {
		if old[l.id()] > 0 {
			old[l.id()]--
			c.Removed = append(c.Removed, l.state())
		}
	}
	return c
}

// id tells layers apart by content; by their compressed form where the config
// does not say.
func (l layer) id() string {
	if l.DiffID != "" {
		return l.DiffID
	}
	return l.Digest
}

func (l layer) state() LayerState { return LayerState{l.Index, l.id(), l.Bytes, l.Made} }
