//go:build goexperiment.jsonv2

package scan

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
)

func TestKeywordsFindWhatAPlainSearchFinds(t *testing.T) {
	rules := [][]string{{"AKIA", "ASIA"}, {"key"}, {"ey", "-----"}, {"hers", "he", "she"}, nil, {"k"}}
	k := newKeywords(rules, true)
	for _, text := range []string{"", "nothing", "ushers", "a KEY", "AkIa", "---- -", "-----BEGIN", "kEy", "heshe", strings.Repeat("x", 1000) + "she"} {
		found := make([]bool, len(rules))
		k.find(0, []byte(text), found)
		for i, words := range rules {
			want := slices.ContainsFunc(words, func(w string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(w)) })
			if found[i] != want {
				t.Errorf("in %.40q rule %v: found %v, want %v", text, words, found[i], want)
			}
		}
	}
}

func TestKeywordsMaySpanPieces(t *testing.T) {
	k := newKeywords([][]string{{"secret"}}, true)
	for cut := range len("a secret") {
		found := []bool{false}
		state := k.find(0, []byte("a secret")[:cut], found)
		k.find(state, []byte("a secret")[cut:], found)
		if !found[0] {
			t.Errorf("cut at %d: not found", cut)
		}
	}
}

func TestKeywordsInPartsFindWhatOneWalkFinds(t *testing.T) {
	words := [][]string{{"secret"}, {"retro"}, {"ok"}, {"a-long-keyword-of-some-length"}}
	k := newKeywords(words, true)
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		text := []byte(strings.Repeat("x", 4096+r.IntN(9000)))
		w := words[r.IntN(len(words))][0]
		copy(text[r.IntN(len(text)-len(w)):], w)
		copy(text[len(text)/4*r.IntN(4):], "tro") // words that end at a seam
		parts, one := make([]bool, len(words)), make([]bool, len(words))
		if a, b := k.find(0, text, parts), k.walk(0, text, one); a != b || !slices.Equal(parts, one) {
			t.Fatalf("in parts %v state %d, in one %v state %d", parts, a, one, b)
		}
	}
	for at := range 64 { // across the first seam
		text := []byte(strings.Repeat("x", 8192))
		copy(text[2048-32+at-20:], "a-long-keyword-of-some-length")
		found := make([]bool, len(words))
		k.find(0, text, found)
		if !found[3] {
			t.Fatalf("a word %d bytes before the seam is lost", 52-at)
		}
	}
}

func FuzzKeywords(f *testing.F) {
	s := newSecretScanner()
	f.Add([]byte("AKIA ghp_ xoxb- -----BEGIN"))
	f.Fuzz(func(t *testing.T, text []byte) {
		candidates, err := s.prefilter.rules(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		lower := bytes.ToLower(text)
		for i := range s.scanner.Rules {
			// Trivy's own test of the keywords, and the expression itself.
			rule := &s.scanner.Rules[i]
			if rule.MatchKeywords(lower) && rule.Regex.Match(text) && !slices.Contains(candidates, i) {
				t.Errorf("rule %s matches in %q and was left out", rule.ID, text)
			}
		}
	})
}

func BenchmarkKeywords(b *testing.B) {
	s := newSecretScanner()
	text := make([]byte, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range text {
		text[i] = "etaoin shrdlucmfwypvbgkjqxz\n.,;(){}0123456789"[r.IntN(46)]
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := s.prefilter.rules(bytes.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

func TestRequiredTextsOfAnExpression(t *testing.T) {
	for expression, want := range map[string]string{
		`ghp_[0-9a-z]{36}`:           `[{[ghp_] false}]`,
		`(live|test)_[a-f0-9]{35}`:   `[{[live_ test_] false}]`,
		`[a-z]+secret[0-9]*`:         `[{[secret] false}]`,
		`(abc|d)x*`:                  `[]`,
		`a|bcd`:                      `[]`,
		`(?:abc)+(?:def)?(?:ghi){2}`: `[{[abc] false} {[ghi] false}]`,
		`(`:                          `[]`,
	} {
		clauses, runs := required(expression)
		if got := fmt.Sprint(clauses); got != want {
			t.Errorf("%s: %s, want %s", expression, got, want)
		}
		if wantRuns := strings.Count(expression, "{3") + strings.Count(expression, "{16"); len(runs) != wantRuns {
			t.Errorf("%s: %d runs, want %d", expression, len(runs), wantRuns)
		}
	}
}

// TestThePrefilterKeepsEveryRuleThatMatches writes a text for each of Trivy's
// rules, from the rule's own expression, and asks whether the rule is kept.
func TestThePrefilterKeepsEveryRuleThatMatches(t *testing.T) {
	s := newSecretScanner()
	made := 0
	for i := range s.scanner.Rules {
		rule := &s.scanner.Rules[i]
		re, err := syntax.Parse(rule.Regex.String(), syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		for _, upper := range []bool{false, true} {
			text := " " + sample(re, upper) + " "
			if !rule.Regex.MatchString(text) {
				continue
			}
			made++
			got, err := s.prefilter.rules(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if rule.MatchKeywords(bytes.ToLower([]byte(text))) && !slices.Contains(got, i) {
				t.Errorf("rule %s is left out of %q", rule.ID, text)
			}
		}
	}
	if made < len(s.scanner.Rules) {
		t.Errorf("%d texts for %d rules: the test shows too little", made, len(s.scanner.Rules))
	}
}

// sample writes a text that an expression matches, mostly.
func sample(re *syntax.Regexp, upper bool) string {
	switch re.Op {
	case syntax.OpLiteral:
		text := string(re.Rune)
		if upper && re.Flags&syntax.FoldCase != 0 {
			text = strings.ToUpper(text)
		}
		return text
	case syntax.OpCharClass:
		if upper {
			return string(re.Rune[len(re.Rune)-1])
		}
		return string(re.Rune[0])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpRepeat:
		return strings.Repeat(sample(re.Sub[0], upper), max(re.Min, 0))
	case syntax.OpCapture, syntax.OpPlus:
		return sample(re.Sub[0], upper)
	case syntax.OpQuest, syntax.OpStar:
		if upper {
			return sample(re.Sub[0], upper)
		}
		return ""
	case syntax.OpAlternate:
		if upper {
			return sample(re.Sub[len(re.Sub)-1], upper)
		}
		return sample(re.Sub[0], upper)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(sample(sub, upper))
		}
		return b.String()
	}
	return ""
}
