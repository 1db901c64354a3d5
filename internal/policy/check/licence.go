package check

import "strings"

// The bounds of a licence expression: what is longer or deeper is no
// expression but words.
const (
	maxLicence      = 4096
	maxLicenceDepth = 40
)

// deniedLicence is what in a package's licence the patterns deny, and empty
// when it can be used without that. The licence is an SPDX expression or, as
// package databases have it, any words.
func deniedLicence(licence string, patterns []string) string {
	if len(licence) > maxLicence {
		licence = licence[:maxLicence]
	}
	e := expression{words: licenceWords(licence), patterns: patterns}
	if id, ok := e.alternatives(0); ok && e.at == len(e.words) {
		return id
	}
	if matchesLicence(strings.TrimSpace(licence), patterns) {
		return licence
	}
	for _, w := range e.words {
		if matchesLicence(w, patterns) {
			return w
		}
	}
	return ""
}

// licenceWords takes an expression apart: parentheses are words of their own.
func licenceWords(s string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ", ",", " ").Replace(s))
}

// expression reads an SPDX licence expression (SPDX 2.3, annex D). Each part
// tells what in it is denied, or nothing; ok is false where the words are no
// expression.
type expression struct {
	words    []string
	at       int
	patterns []string
}

func (e *expression) next(word string) bool {
	if e.at < len(e.words) && strings.EqualFold(e.words[e.at], word) {
		e.at++
		return true
	}
	return false
}

// alternatives are denied when each of them is.
func (e *expression) alternatives(depth int) (denied string, ok bool) {
	allowed := false
	for {
		id, ok := e.parts(depth)
		if !ok {
			return "", false
		}
		if id == "" {
			allowed = true
		} else if denied == "" {
			denied = id
		}
		if !e.next("OR") {
			break
		}
	}
	if allowed {
		denied = ""
	}
	return denied, true
}

// parts are denied when one of them is.
func (e *expression) parts(depth int) (denied string, ok bool) {
	for {
		id, ok := e.one(depth)
		if !ok {
			return "", false
		}
		if denied == "" {
			denied = id
		}
		if !e.next("AND") {
			return denied, true
		}
	}
}

// one is an expression in parentheses, or a licence with or without an
// exception; an exception does not make a denied licence another one.
func (e *expression) one(depth int) (denied string, ok bool) {
	if e.next("(") {
		if depth >= maxLicenceDepth {
			return "", false
		}
		id, ok := e.alternatives(depth + 1)
		return id, ok && e.next(")")
	}
	if e.at == len(e.words) || reserved(e.words[e.at]) {
		return "", false
	}
	id := e.words[e.at]
	e.at++
	if e.next("WITH") {
		if e.at == len(e.words) || reserved(e.words[e.at]) {
			return "", false
		}
		e.at++
	}
	if matchesLicence(id, e.patterns) {
		return id, true
	}
	return "", true
}

func reserved(word string) bool {
	switch strings.ToUpper(word) {
	case "AND", "OR", "WITH", "(", ")":
		return true
	}
	return false
}

// matchesLicence compares without regard to case. A pattern that ends in "*"
// stands for any suffix; one without -only, -or-later or + stands for the
// licence in each of these spellings, as SPDX once wrote it.
func matchesLicence(id string, patterns []string) bool {
	id = strings.ToLower(id)
	for _, p := range patterns {
		p = strings.ToLower(p)
		if prefix, open := strings.CutSuffix(p, "*"); open {
			if strings.HasPrefix(id, prefix) {
				return true
			}
			continue
		}
		if rest, ok := strings.CutPrefix(id, p); ok && (rest == "" || rest == "-only" || rest == "-or-later" || rest == "+") {
			return true
		}
	}
	return false
}
