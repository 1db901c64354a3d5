package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/imagegate/imagegate/internal/policy/check"
)

// clean makes text that an image's author may have written safe to show:
// control characters, among them escape sequences and newlines, those that
// reorder or hide text, and bytes that are no UTF-8 become visible.
func clean(s string) string {
	if strings.IndexFunc(s, unsafeRune) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unsafeRune(r) {
			fmt.Fprintf(&b, "\\u%04x", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// unsafeRune is true for control characters, line separators, the invisible
// ones that reorder text, and what stands for bytes that are no text. The last
// two of the list are no characters in XML 1.0 (section 2.2).
func unsafeRune(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF
}

// short is clean text of at most n runes.
func short(s string, n int) string { return cut(clean(s), n) }

// history is a line of the image's history, bounded. Such lines hold what build
// arguments held, secrets too. Redacting comes before the bound, since half a
// secret is not recognised; of lines that are very long, a part that ends with
// a whole word is read.
func history(s string, n int) string {
	if most := 16 * n; len(s) > most {
		s = s[:max(strings.LastIndexByte(s[:most], ' '), 0)]
	}
	return short(check.Redact(s), n)
}

// cut bounds a text for one line.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}

// bytesText is a size in decimal units, as registries show it.
func bytesText(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	if stem, ok := strings.CutSuffix(word, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	if strings.HasSuffix(word, "x") {
		return fmt.Sprintf("%d %ses", n, word)
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// sentenceCase begins a text with a capital.
func sentenceCase(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
