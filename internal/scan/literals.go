//go:build goexperiment.jsonv2

package scan

import (
	"regexp/syntax"
	"strings"
)

// clause is a set of texts of which every match of an expression holds one.
type clause struct {
	texts []string
	// fold ignores ASCII case; the texts are in lower case then.
	fold bool
}

// The bounds that keep clauses worth their search: a shorter text is in every
// file, and more texts say little.
const (
	minLiteral  = 3
	maxLiterals = 16
)

// required derives from an expression what must be in a text for it to match
// anywhere, as a list of clauses that must all hold. An expression that cannot
// be read has none.
func required(expression string) []clause {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil
	}
	var r requirements
	r.visit(re)
	r.flush()
	return r.clauses
}

// requirements walks an expression. now are the texts that end where the walk
// stands, for as long as they are few; nil when there is no such text.
type requirements struct {
	clauses []clause
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
		if re.Min > 0 {
			r.visit(re.Sub[0])
			r.flush()
		}
	default:
		r.flush()
	}
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
