//go:build goexperiment.jsonv2

package scan

import (
	"slices"
	"strings"
)

// keywords finds which of many keywords occur in a text, in one pass and
// without regard to ASCII case: an Aho-Corasick automaton as one dense table.
// Trivy's scanner searches each chunk once per keyword, which costs more than
// everything else the gate does; this costs about as much as a hash.
type keywords struct {
	fold  bool
	class [256]uint32 // byte -> column; 0 is "in no keyword"
	width uint32      // columns
	// next maps state+column to the next state. States are row offsets, so
	// that a step is one addition and one load; hitFlag marks states where
	// a keyword ends.
	next    []uint32
	longest int        // bytes of the longest keyword
	hits    [][]uint16 // state/width -> rules with a keyword that ends there
}

const hitFlag = 1 << 31

// newKeywords compiles the keywords of each rule; fold ignores ASCII case. A
// rule without keywords is not in the automaton; its caller always runs it.
func newKeywords(rules [][]string, fold bool) *keywords {
	k := &keywords{width: 1, fold: fold}
	for _, words := range rules {
		for _, w := range words {
			for _, b := range []byte(k.spell(w)) {
				if k.class[b] == 0 {
					k.class[b] = k.width
					k.width++
				}
			}
		}
	}
	for b := byte('A'); fold && b <= 'Z'; b++ {
		k.class[b] = k.class[b+'a'-'A']
	}
	k.addState()
	for rule, words := range rules {
		for _, w := range words {
			k.insert(w, uint16(rule))
			k.longest = max(k.longest, len(w))
		}
	}
	k.link()
	return k
}

// spell is a word as the automaton has it.
func (k *keywords) spell(word string) string {
	if k.fold {
		return asciiLower(word)
	}
	return word
}

// asciiLower leaves letters beyond ASCII as they are.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func (k *keywords) addState() uint32 {
	k.next = append(k.next, make([]uint32, k.width)...)
	k.hits = append(k.hits, nil)
	return uint32(len(k.hits)-1) * k.width
}

func (k *keywords) insert(word string, rule uint16) {
	state := uint32(0)
	for _, b := range []byte(k.spell(word)) {
		edge := state + k.class[b]
		if k.next[edge] == 0 {
			added := k.addState() // may move k.next
			k.next[edge] = added
		}
		state = k.next[edge]
	}
	k.hits[state/k.width] = append(k.hits[state/k.width], rule)
}

// link turns the trie into an automaton, breadth first: a missing edge becomes
// the edge of the longest proper suffix.
func (k *keywords) link() {
	fail := make([]uint32, len(k.hits))
	var queue []uint32
	for col := range k.width {
		if s := k.next[col]; s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		f := fail[s/k.width]
		rules := append(k.hits[s/k.width], k.hits[f/k.width]...)
		slices.Sort(rules)
		k.hits[s/k.width] = slices.Compact(rules)
		for col := range k.width {
			suffix := k.next[f+col]
			if child := k.next[s+col]; child != 0 {
				fail[child/k.width] = suffix
				queue = append(queue, child)
			} else {
				k.next[s+col] = suffix
			}
		}
	}
	for i, s := range k.next {
		if k.hits[s/k.width] != nil {
			k.next[i] |= hitFlag
		}
	}
}

// find marks in found (one entry a rule) the rules with a keyword in text,
// going on from state (0 at the start of a file), and returns the state at the
// end, so that a text can come in pieces.
func (k *keywords) find(state uint32, text []byte, found []bool) uint32 {
	n := len(text) / 4
	if n < 1024 || n < k.longest {
		return k.walk(state, text, found)
	}
	// Each step waits for the one before it, so four parts of the text are
	// walked side by side. A part begins as far back as the longest word
	// reaches: the state there is what one walk would have come to.
	one, two, three, four := state, k.walk(0, text[n-k.longest:n], found), k.walk(0, text[2*n-k.longest:2*n], found), k.walk(0, text[3*n-k.longest:3*n], found)
	a, b, c, d := text[:n], text[n:2*n], text[2*n:3*n], text[3*n:4*n]
	next, class := k.next, &k.class
	for i := range a {
		one, two, three, four = next[one+class[a[i]]], next[two+class[b[i]]], next[three+class[c[i]]], next[four+class[d[i]]]
		if (one|two|three|four)&hitFlag != 0 {
			one, two, three, four = k.hit(one, found), k.hit(two, found), k.hit(three, found), k.hit(four, found)
		}
	}
	return k.walk(four, text[4*n:], found)
}

// walk is find without parts.
func (k *keywords) walk(state uint32, text []byte, found []bool) uint32 {
	next, class := k.next, &k.class
	for _, b := range text {
		state = next[state+class[b]]
		if state&hitFlag != 0 {
			state = k.hit(state, found)
		}
	}
	return state
}

// hit marks the rules of a state, if words end there, and clears its flag.
func (k *keywords) hit(state uint32, found []bool) uint32 {
	if state&hitFlag == 0 {
		return state
	}
	state &^= hitFlag
	for _, r := range k.hits[state/k.width] {
		found[r] = true
	}
	return state
}
