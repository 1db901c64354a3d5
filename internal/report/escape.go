package report

import (
	"strings"
	"unicode"
)

// zeroWidth is an entity that shows nothing and parts what would be read as
// one: renderers look for mentions and links after they read entities and
// escapes, so those alone do not hold them off.
const zeroWidth = "&#8203;"

var links = strings.NewReplacer("://", ":"+zeroWidth+"//", "www.", "www"+zeroWidth+".", "WWW.", "WWW"+zeroWidth+".", "GH-", "GH"+zeroWidth+"-", "gh-", "gh"+zeroWidth+"-")

// escape makes text plain in the Markdown of GitHub and GitLab, in tables too,
// and in the HTML that may be in it: no link, mention, reference to an issue,
// image, table, fence or formula.
func escape(s string) string {
	var b strings.Builder
	runes := []rune(clean(s))
	for i, r := range runes {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '$':
			b.WriteString("&#36;") // formulas
		case r == '~' && inWord(runes, i) && (i+1 == len(runes) || runes[i+1] != '~'):
			b.WriteRune(r) // versions have them
		case strings.ContainsRune("\\`*_[]|#!~^", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
		if refers(runes, i) {
			b.WriteString(zeroWidth)
		}
	}
	return links.Replace(b.String())
}

// refers reports whether the rune may begin a reference: to a person, an issue,
// a merge request, a label. Versions and pinned images, which people copy, are
// left whole.
func refers(runes []rune, i int) bool {
	if i+1 == len(runes) || unicode.IsSpace(runes[i+1]) {
		return false
	}
	switch runes[i] {
	case '#', '!', '$', '&':
		return true
	case '~', '%':
		return !inWord(runes, i)
	case '@':
		return !inWord(runes, i) || !strings.HasPrefix(string(runes[i+1:min(i+8, len(runes))]), "sha256:")
	}
	return false
}

func inWord(runes []rune, i int) bool {
	return i > 0 && (unicode.IsLetter(runes[i-1]) || unicode.IsDigit(runes[i-1]))
}

// code is text in the face of code, bounded.
func code(s string, n int) string { return "<code>" + escape(short(s, n)) + "</code>" }
