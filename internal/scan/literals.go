//go:build goexperiment.jsonv2

package scan

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// clause is a set of texts of which every match of an expression holds one.
type clause struct {
	texts []string
	// fold ignores ASCII case; the texts are in lower case then.
	fold bool
}

// run is a stretch of at least min bytes of a set, which every match holds.
type run struct {
	bytes [256]bool
	min   int
}

// follow goes on through text: length is that of the run at hand, longest that
// of the longest one.
func (r *run) follow(text []byte, length, longest int) (int, int) {
	for _, b := range text {
		if r.bytes[b] {
			if length++; length >= r.min {
				return length, length // long enough, however it goes on
			}
			continue
		}
		longest, length = max(longest, length), 0
	}
	return length, max(longest, length)
}

// minRun is from which length on a run says something.
const minRun = 12

// The bounds that keep clauses worth their search: a shorter text is in every
// file, and more texts say little.
const (
	minLiteral  = 3
	maxLiterals = 16
)

// required derives from an expression what must be in a text for it to match
// anywhere: clauses and runs that must all be there. An expression that cannot
// be read has none.
func required(expression string) ([]clause, []run) {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, nil
	}
	var r requirements
	r.visit(re)
	r.flush()
	return r.clauses, r.runs
}

// requirements walks an expression. now are the texts that end where the walk
// stands, for as long as they are few; nil when there is no such text.
type requirements struct {
	clauses []clause
	runs    []run
	now     []string
	fold    bool
}

// flush ends the texts at hand and keeps them if they say something.
func (r *requirements) flush() {
	keep := len(r.now) > 0
	for _, t := range r.now {
		keep = keep && len(t) >= minLiteral
	}
	if keep {
		c := clause{texts: r.now, fold: r.fold}
		if c.fold {
			for i, t := range c.texts {
				c.texts[i] = strings.ToLower(t)
			}
		}
		r.clauses = append(r.clauses, c)
	}
	r.now, r.fold = nil, false
}

// extend continues the texts at hand with each of few texts.
func (r *requirements) extend(texts []string, fold bool) {
	if len(r.now)*len(texts) > maxLiterals {
		r.flush()
	}
	if r.now == nil {
		r.now = []string{""}
	}
	var longer []string
	for _, a := range r.now {
		for _, b := range texts {
			longer = append(longer, a+b)
		}
	}
	r.now, r.fold = longer, r.fold || fold
}

func (r *requirements) visit(re *syntax.Regexp) {
	if texts, fold, ok := finite(re); ok {
		r.extend(texts, fold)
		return
	}
	switch re.Op {
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			r.visit(sub)
		}
	case syntax.OpCapture:
		r.visit(re.Sub[0])
	case syntax.OpPlus:
		r.flush()
		r.visit(re.Sub[0])
		r.flush()
	case syntax.OpRepeat:
		r.flush()
		if re.Min >= minRun && re.Sub[0].Op == syntax.OpCharClass {
			r.addRun(re.Sub[0], re.Min)
		}
		if re.Min > 0 {
			r.visit(re.Sub[0])
			r.flush()
		}
	case syntax.OpAlternate:
		r.alternate(re.Sub)
	default:
		r.flush()
	}
}

// addRun asks for a run of a class, unless the class goes beyond ASCII; the
// letters that only folding adds are the caller's exotic ones.
func (r *requirements) addRun(class *syntax.Regexp, length int) {
	need := run{min: length}
	for i := 0; i+1 < len(class.Rune); i += 2 {
		for c := class.Rune[i]; c <= class.Rune[i+1]; c++ {
			if c > 0x7f && !slices.Contains(exotic, string(c)) {
				return
			}
			if c <= 0x7f {
				need.bytes[c] = true
			}
		}
	}
	r.runs = append(r.runs, need)
}

// alternate asks for one text of each branch, after the texts at hand: the
// clause whose shortest text is longest.
func (r *requirements) alternate(branches []*syntax.Regexp) {
	var union clause
	for _, branch := range branches {
		one := requirements{now: slices.Clone(r.now), fold: r.fold}
		one.visit(branch)
		one.flush()
		if len(one.clauses) == 0 {
			r.flush()
			return
		}
		best := slices.MaxFunc(one.clauses, func(a, b clause) int { return a.shortest() - b.shortest() })
		union.texts, union.fold = append(union.texts, best.texts...), union.fold || best.fold
	}
	r.flush()
	if len(union.texts) > 2*maxLiterals {
		return
	}
	if union.fold {
		for i, t := range union.texts {
			union.texts[i] = strings.ToLower(t)
		}
	}
	r.clauses = append(r.clauses, union)
}

func (c clause) shortest() int {
	least := len(c.texts[0])
	for _, t := range c.texts {
		least = min(least, len(t))
	}
	return least
}

// finite lists the texts an expression can match, where they are few.
func finite(re *syntax.Regexp) (texts []string, fold, ok bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []string{""}, false, true
	case syntax.OpLiteral:
		return []string{string(re.Rune)}, re.Flags&syntax.FoldCase != 0, true
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for c := re.Rune[i]; c <= re.Rune[i+1]; c++ {
				if len(texts) == 4 {
					return nil, false, false
				}
				texts = append(texts, string(c))
			}
		}
		return texts, false, len(texts) > 0
	case syntax.OpCapture:
		return finite(re.Sub[0])
	case syntax.OpQuest:
		texts, fold, ok = finite(re.Sub[0])
		return append([]string{""}, texts...), fold, ok
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			more, f, ok := finite(sub)
			if !ok || len(texts)+len(more) > maxLiterals {
				return nil, false, false
			}
			texts, fold = append(texts, more...), fold || f
		}
		return texts, fold, true
	case syntax.OpConcat:
		texts = []string{""}
		for _, sub := range re.Sub {
			more, f, ok := finite(sub)
			if !ok || len(texts)*len(more) > maxLiterals {
				return nil, false, false
			}
			var longer []string
			for _, a := range texts {
				for _, b := range more {
					longer = append(longer, a+b)
				}
			}
			texts, fold = longer, fold || f
		}
		return texts, fold, true
	}
	return nil, false, false
}
