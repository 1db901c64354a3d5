package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// SecretName is ENV-01.
var SecretName = &Check{
	ID: "ENV-01", Name: "secret-name", Severity: gate.SeverityHigh, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Environment variables whose name says that they hold a secret and whose value is a literal.",
		Why:      "Everyone who can pull the image can read its config.",
		Example:  "DB_PASSWORD=hunter2 fails; DB_PASSWORD_FILE=/run/secrets/db, API_TOKEN=${TOKEN}, PUBLIC_KEY=… and TOKEN_TTL=30 pass; changeme is LOW.",
		Fix:      "Take the value at run time from a secret (a mounted file is best), and change the secret that was published.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, line := range in.Image.Config.Env {
			name, value, _ := strings.Cut(line, "=")
			if !secretName(name) || slices.Contains(in.Options.AllowedEnv, name) || harmlessValue(value) {
				continue
			}
			severity := gate.SeverityHigh
			if placeholder(value) {
				severity = gate.SeverityLow
			}
			findings = append(findings, Finding{
				Severity: severity, Message: fmt.Sprintf("the environment variable %.100q holds a literal value and its name says that it is a secret", name),
				Fix: "take it at run time from a secret, and change the one that was published",
			})
		}
		return verdictOn(bounded(findings, "variables"))
	},
}

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

// secretName reports whether a variable's name says that it holds a secret.
// Words are compared whole: PASSENGER and TOKENIZER are none.
func secretName(name string) bool {
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

// harmlessValue reports whether a value cannot be a secret: nothing, a
// reference that is filled in elsewhere, a path, a switch or a number.
func harmlessValue(v string) bool {
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

// placeholder reports whether a value is one of those that documentation uses.
func placeholder(v string) bool {
	v = strings.ToLower(strings.Trim(v, `"'`))
	return slices.Contains([]string{"changeme", "change_me", "change-me", "placeholder", "todo", "dummy", "example", "xxx", "xxxx", "your-password", "replaceme", "replace-me"}, v)
}
