package check

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// mask stands for a value that is not shown.
const mask = "***"

// Redact masks what may be a secret in a history line or a command line, so
// that reports can show it: values that are assigned to names of secrets, what
// has the form of a credential, and the user part of URLs. It rather masks too
// much than too little; masking a masked line changes nothing.
func Redact(s string) string {
	// A mask may take a quote away that the text after it stood in, so what is
	// masked is read again until nothing changes: twice, for honest lines.
	for range 10 {
		masked := redactOnce(s)
		if masked == s {
			break
		}
		s = masked
	}
	return s
}

func redactOnce(s string) string {
	for _, m := range maskForms {
		s = m.form.ReplaceAllString(s, m.with)
	}
	for _, f := range secretForms {
		if slices.ContainsFunc(f.hints, func(hint string) bool { return strings.Contains(s, hint) }) {
			s = f.form.ReplaceAllString(s, mask)
		}
	}
	// Builders write the values of ARG, ENV and LABEL without quotes.
	from := 0
	for _, v := range readStep(s).variables {
		text := v.name + "=" + v.value
		i := strings.Index(s[from:], text)
		if i < 0 {
			continue
		}
		from += i
		if masked := v.name + "=" + mask; NamesSecret(Separated(v.name)) && !shown(v.value) {
			s = s[:from] + masked + s[from+len(text):]
			text = masked
		}
		from += len(text)
	}
	return maskAssigned(s)
}

// maskForms are secrets that their surroundings tell.
var maskForms = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?s)-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----.*?(-----END ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----|$)`), mask},
	{regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/]*@`), "${1}" + mask + "@"},
	{authorization, "${1}" + mask},
	{regexp.MustCompile(`((?:^|\s)(?:-u|--user|--proxy-user)[ =]["']?[^\s:"'=/]*:)[^\s"']*[^\s"'0-9][^\s"']*`), "${1}" + mask}, // not uid:gid
	{regexp.MustCompile(`(\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^|;&\n]*?\s-p)[^\s]+`), "${1}" + mask},
	{regexp.MustCompile(`(\bsshpass\s+-p\s*|\bredis-cli\b[^|;&\n]*?\s-a\s*)[^\s]+`), "${1}" + mask},
	{regexp.MustCompile(`([\w.-]+:)[^\s"'|]+(["']?\s*\|\s*(?:sudo\s+)?chpasswd)`), "${1}" + mask + "${2}"},
}

// maskAssigned masks the values of NAME=value, "name": "value" and --name
// value where the name is a secret's, in a text with a shell's quotes.
func maskAssigned(s string) string {
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(s); {
		c := s[i]
		b.WriteByte(c)
		i++
		switch {
		case c == '\\' && i < len(s) && quote != '\'':
			b.WriteByte(s[i])
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == '=' || c == ':' || c == ' ' || c == '\t':
			if !introduces(s[:i-1], c) {
				continue
			}
			from := i
			if blank := len(s[i:]) - len(strings.TrimLeft(s[i:], " \t")); c != '=' || strings.HasSuffix(s[:i-1], " ") {
				from += blank
			}
			to := valueEnd(s, from, quote)
			b.WriteString(s[i:from])
			i = from
			if value := s[from:to]; !shown(value) && (c == '=' || c == ':' || value[0] != '-') {
				b.WriteString(mask)
				i = to
			}
		}
	}
	return b.String()
}

// introduces reports whether the text before a separator ends with the name of
// a secret: in front of blanks that must be an option.
func introduces(before string, separator byte) bool {
	if separator == '=' || separator == ':' {
		before = strings.TrimRight(before, " \t+")
		before = strings.TrimRight(before, `"'`)
	}
	name := before[strings.LastIndexFunc(before, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})+1:]
	bare := strings.TrimLeft(name, "-")
	if separator == ' ' || separator == '\t' {
		if bare == name || strings.HasSuffix(bare, "-stdin") {
			return false
		}
	}
	return bare == "requirepass" || NamesSecret(Separated(bare))
}

// valueEnd is where a value ends that begins at from: at the quote that it
// stands in, or at the blank after a word of any parts.
func valueEnd(s string, from int, quote byte) int {
	inside := quote != 0
	for i := from; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quote != '\'':
			i++
		case quote != 0 && c == quote:
			if inside {
				return i
			}
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			return i
		}
	}
	return len(s)
}

// shown reports whether a value may be read by everybody: it is nothing, a
// switch, a mask already, or filled in from elsewhere.
func shown(value string) bool {
	bare := strings.Trim(value, `"'`)
	switch strings.ToLower(bare) {
	case "", mask, "true", "false", "yes", "no", "none", "null":
		return true
	}
	return strings.HasPrefix(bare, "/run/secrets/") || fromElsewhere.MatchString(bare)
}

// fromElsewhere is a shell's or a template's reference, and nothing after it.
var fromElsewhere = regexp.MustCompile("^(\\$[A-Za-z_][A-Za-z0-9_]*|\\$\\{[A-Za-z0-9_]+\\}|\\$\\(.*|`.*|\\{\\{.*)$")

// subject bounds a name that an author wrote, for a finding's subject.
func subject(s string) string {
	const most = 100
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
