//go:build goexperiment.jsonv2

package scan

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestKeywordsFindWhatAPlainSearchFinds(t *testing.T) {
	rules := [][]string{{"AKIA", "ASIA"}, {"key"}, {"ey", "-----"}, {"hers", "he", "she"}, nil, {"k"}}
	k := newKeywords(rules)
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
	k := newKeywords([][]string{{"secret"}})
	for cut := range len("a secret") {
		found := []bool{false}
		state := k.find(0, []byte("a secret")[:cut], found)
		k.find(state, []byte("a secret")[cut:], found)
		if !found[0] {
			t.Errorf("cut at %d: not found", cut)
		}
	}
}

func FuzzKeywords(f *testing.F) {
	s := newSecretScanner()
	f.Add([]byte("AKIA ghp_ xoxb- -----BEGIN"))
	f.Fuzz(func(t *testing.T, text []byte) {
		found := make([]bool, len(s.scanner.Rules))
		s.keywords.find(0, text, found)
		lower := bytes.ToLower(text)
		for i := range s.scanner.Rules {
			// Trivy's own test of the same thing.
			if want := len(s.scanner.Rules[i].Keywords) > 0 && s.scanner.Rules[i].MatchKeywords(lower); want && !found[i] {
				t.Errorf("rule %s has a keyword in %q and was not found", s.scanner.Rules[i].ID, text)
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
	found := make([]bool, len(s.scanner.Rules))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.keywords.find(0, text, found)
	}
}
