package audit

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// Run makes every check and answers with the findings, worst first and then by
// place. It is pure: the same input has the same answer.
func Run(in Input) []Finding {
	in.Options.Images = remembered(in.Options.Images)
	findings := []Finding{}
	for _, c := range All() {
		for _, f := range c.Decide(in) {
			findings = append(findings, complete(c, f))
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(b.Severity.Rank(), a.Severity.Rank()),
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Check, b.Check),
		)
	})
	return findings
}

// remembered asks about each image once: several checks want to know, and the
// gate answers from its store.
func remembered(ask func(string) (ImageFacts, bool)) func(string) (ImageFacts, bool) {
	if ask == nil {
		return nil
	}
	type answer struct {
		facts ImageFacts
		known bool
	}
	answers := map[string]answer{}
	return func(reference string) (ImageFacts, bool) {
		a, ok := answers[reference]
		if !ok {
			a.facts, a.known = ask(reference)
			answers[reference] = a
		}
		return a.facts, a.known
	}
}

// complete fills in what a check leaves empty.
func complete(c *Check, f Finding) Finding {
	f.Check = c.ID
	if f.Severity == "" {
		f.Severity = c.Severity
	}
	if o := f.Object; o != nil {
		f.Kind, f.Namespace, f.Name = o.Kind(), o.Namespace(), o.Name()
		f.File = o.File
		if f.Line == 0 {
			f.Line = o.LineOf(f.Field)
		}
	}
	return f
}

// CheckManifests reads a stream of manifests and audits it. name stands for the
// stream in findings and errors; errors are those of manifest.Read.
func CheckManifests(name string, data []byte, o Options) ([]Finding, error) {
	objects, err := manifest.Read(name, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return Run(Input{Objects: objects, Options: o}), nil
}
