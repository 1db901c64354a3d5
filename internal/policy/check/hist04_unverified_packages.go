package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// UnverifiedPackages is HIST-04.
var UnverifiedPackages = &Check{
	ID: "HIST-04", Name: "unverified-packages", Severity: gate.SeverityHigh, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "RUN lines of the history that tell a package manager, curl, wget, git or npm not to verify signatures or certificates.",
		Why:      "Whoever sits between the build and the server decides what is in the image.",
		Example:  "apt-get install --allow-unauthenticated, apk add --allow-untrusted, yum --nogpgcheck, curl -k and pip --trusted-host are HIGH; curl -k …/ca.crt, which fetches a certificate, is LOW. History is the author's word: silence proves nothing.",
		Fix:      "Add the repository's key or your own authority's certificate to the image first, and let the tools verify.",
		Controls: []string{"CIS Docker 4.11"},
	},
	Decide: func(in Input) Result {
		return overHistory(in, func(s step) []Finding {
			var findings []Finding
			for _, c := range s.commands().commands {
				option := trusting(c)
				if option == "" || slices.ContainsFunc(findings, func(f Finding) bool { return f.Subject == option }) {
					continue
				}
				severity := gate.SeverityHigh
				if fetchesCertificate(c) {
					severity = gate.SeverityLow
				}
				findings = append(findings, Finding{
					Severity: severity, Message: fmt.Sprintf("%s is told %s", c.name, option),
					Fix: "add the key or the certificate to the image first, and let the tool verify", Subject: option,
				})
			}
			return findings
		})
	},
}

// trustingOptions are options by the programs that have them.
var trustingOptions = map[string][]string{
	"apt-get": aptTrusting, "apt": aptTrusting, "aptitude": aptTrusting,
	"apk": {"--allow-untrusted"},
	"yum": rpmTrusting, "dnf": rpmTrusting, "microdnf": rpmTrusting, "tdnf": rpmTrusting, "rpm": rpmTrusting,
	"zypper": {"--no-gpg-checks", "--allow-unsigned-rpm"},
	"curl":   {"--insecure", "--proxy-insecure"}, "wget": {"--no-check-certificate"},
	"pip": {"--trusted-host"}, "pip3": {"--trusted-host"}, "uv": {"--allow-insecure-host", "--trusted-host"},
	"npm": {"--strict-ssl=false", "--no-strict-ssl"}, "yarn": {"--strict-ssl=false"}, "pnpm": {"--strict-ssl=false"},
	"go": {"-insecure"}, "conda": {"--insecure"}, "helm": {"--insecure-skip-tls-verify"}, "kubectl": {"--insecure-skip-tls-verify"},
}

var (
	aptTrusting = []string{"--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"}
	rpmTrusting = []string{"--nogpgcheck", "--nosignature", "--nodigest", "--no-gpg-checks"}
	// settingsTrusting are settings, as -o, -c, --setopt and config take them.
	settingsTrusting = regexp.MustCompile(`(?i)^(?:--?[a-z]+=?)?(` +
		`Acquire::AllowInsecureRepositories|APT::Get::AllowUnauthenticated|Acquire::AllowDowngradeToInsecureRepositories|` +
		`[\w.*-]*gpgcheck|[\w.]*sslverify|Acquire::https::(?:[\w.]+::)?Verify-Peer|http\.sslVerify|strict-ssl|ssl_verify)[= ]"?(1|true|yes|0|false|no)"?;?$`)
)

// trusting is what makes a command trust what it cannot verify, or "".
func trusting(c command) string {
	for _, a := range c.assigned {
		name, value, _ := strings.Cut(a, "=")
		if severity, _ := unverified(name, value); severity == gate.SeverityHigh {
			return subject(name)
		}
	}
	name, args := c.name, c.args
	if strings.HasPrefix(name, "python") && len(args) > 1 && args[0] == "-m" {
		name, args = args[1], args[2:]
	}
	for i, a := range args {
		option, _, _ := strings.Cut(a, "=")
		for _, o := range trustingOptions[name] {
			if a == o || option == o && !strings.HasSuffix(a, "=false") {
				return o
			}
		}
		if name == "curl" && shortOption(a, 'k', "oHduXAbcCeEFKmPQrtTUwxyYzDh") {
			return "-k"
		}
		next := ""
		if i+1 < len(args) {
			next = args[i+1]
		}
		if s := trustingSetting(name, a, next); s != "" {
			return s
		}
	}
	return ""
}

// trustingSetting judges "name=value" and "name value", as in git config
// http.sslVerify false.
func trustingSetting(program, word, next string) string {
	if !slices.Contains([]string{"apt-get", "apt", "aptitude", "yum", "dnf", "microdnf", "git", "npm", "yarn", "pnpm", "conda"}, program) {
		return ""
	}
	m := settingsTrusting.FindStringSubmatch(word)
	if m == nil {
		m = settingsTrusting.FindStringSubmatch(word + " " + next)
	}
	if m == nil {
		return ""
	}
	value := strings.ToLower(m[2])
	on := value == "1" || value == "true" || value == "yes"
	if strings.Contains(strings.ToLower(m[1]), "allow") == on {
		return subject(m[1])
	}
	return ""
}

// shortOption reports whether a cluster of short options holds one. Those that
// take a value end the cluster.
func shortOption(word string, option rune, valued string) bool {
	if !strings.HasPrefix(word, "-") || strings.HasPrefix(word, "--") {
		return false
	}
	for _, r := range word[1:] {
		if r == option {
			return true
		}
		if strings.ContainsRune(valued, r) {
			return false
		}
	}
	return false
}

// fetchesCertificate reports whether a download is of a certificate: somebody
// must begin to trust an authority of their own somewhere.
func fetchesCertificate(c command) bool {
	if !slices.Contains(downloaders, c.name) {
		return false
	}
	return slices.ContainsFunc(c.args, func(a string) bool {
		return strings.Contains(a, "://") && slices.ContainsFunc([]string{".crt", ".cer", ".pem", ".der"}, func(end string) bool { return strings.HasSuffix(a, end) })
	})
}
