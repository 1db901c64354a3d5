package check

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// What tells a secret by its name or its form. The checks of environment
// variables share it with those of Kubernetes manifests (package audit).

var (
	// secretWords are whole words of a name, between underscores.
	secretWords = []string{"PASSWORD", "PASSWD", "PASSPHRASE", "PWD", "PASS", "SECRET", "SECRETS", "TOKEN", "CREDENTIALS", "CREDENTIAL", "APIKEY"}
	// secretPairs are pairs of neighbouring words.
	secretPairs = [][2]string{{"API", "KEY"}, {"ACCESS", "KEY"}, {"PRIVATE", "KEY"}, {"ENCRYPTION", "KEY"}, {"SIGNING", "KEY"}, {"AUTH", "KEY"}, {"MASTER", "KEY"}}
	// referring are last words of names that hold no secret but where it is,
	// how long it lives, or whether there is one.
	referring = []string{
		"FILE", "PATH", "DIR", "NAME", "ALIAS", "ENABLED", "DISABLED", "URL", "URI", "ENDPOINT", "ID", "TTL", "EXPIRY", "EXPIRATION", "TIMEOUT",
		"LENGTH", "SIZE", "TYPE", "ALGORITHM", "HEADER", "FIELD", "PREFIX", "VERSION", "REQUIRED", "ISSUER", "AUDIENCE", "MODE", "POLICY", "STORE", "PROVIDER",
	}
)

// NamesSecret reports whether a variable's name says that it holds a secret.
// Words are compared whole: PASSENGER and TOKENIZER are none. Those of a name in
// camelCase are told apart by Separated.
func NamesSecret(name string) bool {
	words := strings.FieldsFunc(strings.ToUpper(name), func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	if len(words) == 0 || slices.Contains(referring, words[len(words)-1]) {
		return false
	}
	if strings.EqualFold(name, "PWD") || strings.EqualFold(name, "OLDPWD") {
		return false // the shell's working directory
	}
	for i, w := range words {
		if w == "PUBLIC" || w == "GPG" {
			return false
		}
		if slices.Contains(secretWords, w) && (i == 0 || i == len(words)-1) {
			return true
		}
		if i > 0 && slices.Contains(secretPairs, [2]string{words[i-1], w}) {
			return true
		}
	}
	return false
}

// Separated puts an underscore between the words of camelCase, as options,
// properties and configuration files spell names: dbPassword, -DdbPassword.
func Separated(name string) string {
	var b strings.Builder
	last := ' '
	for _, r := range name {
		if unicode.IsUpper(r) && (unicode.IsLower(last) || unicode.IsDigit(last)) {
			b.WriteByte('_')
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// HarmlessValue reports whether a value cannot be a secret: nothing, a
// reference that is filled in elsewhere, a path, a switch or a number.
func HarmlessValue(v string) bool {
	v = strings.Trim(strings.TrimSpace(v), `"'`)
	switch strings.ToLower(v) {
	case "", "true", "false", "yes", "no", "on", "off", "none", "null", "nil":
		return true
	}
	for _, prefix := range []string{"$", "{{", "<", "/", "./", "../", "file:", "vault:", "op://", "ref+", "ENC[", "arn:aws:secretsmanager:", "arn:aws:ssm:", "projects/", "secretref:", "%"} {
		if strings.HasPrefix(v, prefix) {
			return true
		}
	}
	_, err := strconv.ParseFloat(v, 64)
	return err == nil && len(v) < 6 // a long number may be a PIN or an account
}

// PlaceholderValue reports whether a value is one of those that documentation uses.
func PlaceholderValue(v string) bool {
	v = strings.ToLower(strings.Trim(v, `"'`))
	return slices.Contains([]string{"changeme", "change_me", "change-me", "placeholder", "todo", "dummy", "example", "xxx", "xxxx", "your-password", "replaceme", "replace-me"}, v)
}

// secretForms are forms that next to nothing but a credential has. Each holds
// one of its hints, which are looked for first: that is some hundred times
// faster, and whole files are searched.
var secretForms = []struct {
	kind  string
	hints []string
	form  *regexp.Regexp
}{
	{"a GitHub token", []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"}, regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})`)},
	{"a GitLab token", []string{"glpat-"}, regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20,}`)},
	{"an AWS access key id", []string{"AKIA", "ASIA"}, regexp.MustCompile(`\b(AKIA|ASIA)[A-Z2-7]{16}\b`)},
	{"a private key", []string{"PRIVATE KEY"}, regexp.MustCompile(`-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----`)},
	{"a JSON web token", []string{".eyJ"}, regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`)},
	{"a Slack token", []string{"xox"}, regexp.MustCompile(`\bxox[abposr]-[A-Za-z0-9-]{10,}`)},
	{"a Google API key", []string{"AIza"}, regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{35}`)},
	{"a Stripe key", []string{"k_live_"}, regexp.MustCompile(`\b[sr]k_live_[A-Za-z0-9]{16,}`)},
	{"an npm token", []string{"npm_"}, regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}`)},
}

// urlPassword is a URL's user and password (RFC 3986, section 3.2.1).
var urlPassword = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/@:]*:([^\s/@]+)@`)

// CredentialKind says which kind of credential a value has the form of, or "".
func CredentialKind(value string) string {
	for _, f := range secretForms {
		if !slices.ContainsFunc(f.hints, func(hint string) bool { return strings.Contains(value, hint) }) {
			continue
		}
		// Every match counts: documentation's key may stand before a real one.
		if slices.ContainsFunc(f.form.FindAllString(value, -1), func(match string) bool { return !strings.Contains(match, "EXAMPLE") }) {
			return f.kind
		}
	}
	if !strings.Contains(value, "://") {
		return ""
	}
	for _, m := range urlPassword.FindAllStringSubmatch(value, -1) {
		if !HarmlessValue(m[1]) && !PlaceholderValue(m[1]) {
			return "a URL with a password"
		}
	}
	return ""
}
