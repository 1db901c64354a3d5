//go:build goexperiment.jsonv2

package scan

import (
	"errors"
	"io"
	"sync"
)

// prefilter says which rules can match in a text at all. First one pass looks
// for the rules' keywords, as Trivy does rule by rule; where some are found, a
// second pass asks for everything else their expressions need. It never leaves
// out a rule that matches.
type prefilter struct {
	keywords *keywords
	always   []int // rules without keywords
	// folded and exact hold the clauses of all rules; needs are those of
	// each rule.
	folded, exact *keywords
	clauses       int
	needs         [][]int
	// runs are how long a stretch of which bytes each rule needs.
	runs [][]run

	buffers sync.Pool // of *[64 << 10]byte
}

// exotic are the letters beyond ASCII that fold to ASCII letters: k and s. A
// text with one of them is left to the expressions.
var exotic = []string{"\u212a", "\u017f"}

// newPrefilter compiles the keywords and the expression of each rule.
func newPrefilter(words [][]string, expressions []string) *prefilter {
	p := &prefilter{needs: make([][]int, len(words)), runs: make([][]run, len(words))}
	p.buffers.New = func() any { return new([64 << 10]byte) }
	for i := range words {
		if len(words[i]) == 0 {
			p.always = append(p.always, i)
		}
	}
	p.keywords = newKeywords(append(words[:len(words):len(words)], exotic), true)
	folded, exact := [][]string{}, [][]string{}
	for i, e := range expressions {
		var clauses []clause
		clauses, p.runs[i] = required(e)
		for _, c := range clauses {
			n := len(folded)
			folded, exact = append(folded, nil), append(exact, nil)
			if c.fold {
				folded[n] = c.texts
			} else {
				exact[n] = c.texts
			}
			p.needs[i] = append(p.needs[i], n)
		}
	}
	p.clauses = len(folded)
	p.folded, p.exact = newKeywords(folded, true), newKeywords(exact, false)
	return p
}

// rules are the indices of the rules that can match in content, in order.
func (p *prefilter) rules(content io.ReadSeeker) ([]int, error) {
	last := len(p.needs) // the place of exotic
	found := make([]bool, last+1)
	if err := p.pass(content, found, p.keywords); err != nil {
		return nil, err
	}
	for _, i := range p.always {
		found[i] = true
	}
	var rules []int
	for i, ok := range found[:last] {
		if ok || found[last] {
			rules = append(rules, i)
		}
	}
	if len(rules) == 0 || found[last] {
		return rules, nil
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	there := make([]bool, p.clauses)
	if err := p.pass(content, there, p.folded, p.exact); err != nil {
		return nil, err
	}
	kept := rules[:0]
	for _, r := range rules {
		possible := true
		for _, c := range p.needs[r] {
			possible = possible && there[c]
		}
		if !possible {
			continue
		}
		ok, err := p.hasRuns(content, p.runs[r])
		if err != nil {
			return nil, err
		}
		if ok {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

// hasRuns reports whether content holds each of the runs.
func (p *prefilter) hasRuns(content io.ReadSeeker, runs []run) (bool, error) {
	if len(runs) == 0 {
		return true, nil
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	buf := p.buffers.Get().(*[64 << 10]byte)
	defer p.buffers.Put(buf)
	length, longest := make([]int, len(runs)), make([]int, len(runs))
	for {
		n, err := content.Read(buf[:])
		missing := false
		for i, r := range runs {
			if longest[i] < r.min {
				length[i], longest[i] = r.follow(buf[:n], length[i], longest[i])
				missing = missing || longest[i] < r.min
			}
		}
		switch {
		case !missing: // what comes after cannot change that
			return true, nil
		case errors.Is(err, io.EOF):
			return false, nil
		case err != nil:
			return false, err
		}
	}
}

// pass reads content once through each automaton.
func (p *prefilter) pass(content io.Reader, found []bool, automata ...*keywords) error {
	buf := p.buffers.Get().(*[64 << 10]byte)
	defer p.buffers.Put(buf)
	states := make([]uint32, len(automata))
	for {
		n, err := content.Read(buf[:])
		for i, k := range automata {
			states[i] = k.find(states[i], buf[:n], found)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
