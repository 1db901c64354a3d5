package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// TLSOff is ENV-04.
var TLSOff = &Check{
	ID: "ENV-04", Name: "tls-off", Severity: gate.SeverityHigh, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "Environment variables that switch off the verification of certificates, checksums or signatures.",
		Why:     "Whoever sits on the network between can answer in the other side's name, and packages come unchecked.",
		Example: "NODE_TLS_REJECT_UNAUTHORIZED=0, PIP_TRUSTED_HOST, GIT_SSL_NO_VERIFY (with any value) and GONOSUMDB=* are HIGH; others that say …_SKIP_VERIFY=true or …_VERIFY_SSL=false are MEDIUM; GONOSUMDB=git.example/* passes.",
		Fix:     "Take the variable out, and add the certificate of your own authority to the image's trust store.",
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, v := range judgedEnv(in) {
			if severity, what := unverified(v.name, v.value); what != "" {
				findings = append(findings, Finding{
					Severity: severity, Message: fmt.Sprintf("the environment variable %.100q %s", v.name, what),
					Fix: "take it out, and add your own authority's certificate to the trust store", Subject: subject(v.name),
				})
			}
		}
		return verdictOn(graded(findings, "variables"))
	},
}

const (
	noCertificates = "switches off the verification of certificates"
	noChecksums    = "switches off the verification of checksums"
)

// unverified says what a variable leaves unverified, or "".
func unverified(name, value string) (gate.Severity, string) {
	upper, value := strings.ToUpper(name), strings.ToLower(strings.Trim(strings.TrimSpace(value), `"'`))
	off := slices.Contains([]string{"0", "false", "no", "off", "none"}, value)
	switch upper {
	case "GIT_SSL_NO_VERIFY": // git asks whether it is set, not to what
		return gate.SeverityHigh, noCertificates
	case "NODE_TLS_REJECT_UNAUTHORIZED", "PYTHONHTTPSVERIFY", "PERL_LWP_SSL_VERIFY_HOSTNAME", "BUNDLE_SSL_VERIFY_MODE",
		"NPM_CONFIG_STRICT_SSL", "YARN_STRICT_SSL", "YARN_ENABLE_STRICT_SSL", "CONDA_SSL_VERIFY":
		if off {
			return gate.SeverityHigh, noCertificates
		}
		return "", ""
	case "PIP_TRUSTED_HOST", "UV_INSECURE_HOST", "GOINSECURE":
		if value != "" {
			return gate.SeverityHigh, noCertificates + " for some hosts"
		}
		return "", ""
	case "GONOSUMDB":
		if value == "*" {
			return gate.SeverityHigh, noChecksums
		}
		return "", ""
	case "GOSUMDB":
		if value == "off" {
			return gate.SeverityHigh, noChecksums
		}
		return "", ""
	case "GOFLAGS":
		if slices.Contains(strings.Fields(value), "-insecure") {
			return gate.SeverityHigh, noCertificates
		}
		return "", ""
	case "DOCKER_CONTENT_TRUST": // off is also what Docker does without it
		if value == "0" {
			return gate.SeverityLow, "leaves image signatures unverified"
		}
		return "", ""
	case "DOCKER_TLS_VERIFY":
		return "", ""
	}
	return unverifiedLike(upper, value, off)
}

// unverifiedLike judges variables of programs nobody has heard of.
func unverifiedLike(name, value string, off bool) (gate.Severity, string) {
	on := slices.Contains([]string{"1", "true", "yes", "on"}, value)
	for _, end := range []string{"SKIP_VERIFY", "SKIP_TLS_VERIFY", "TLS_SKIP_VERIFY", "SKIP_SSL_VERIFY", "SSL_NO_VERIFY", "INSECURE_SKIP_VERIFY", "INSECURE_SKIP_TLS_VERIFY", "SSL_INSECURE", "TLS_INSECURE", "CURL_INSECURE"} {
		if on && lastWords(name, end) {
			return gate.SeverityMedium, noCertificates
		}
	}
	for _, end := range []string{"SSL_VERIFY", "TLS_VERIFY", "VERIFY_SSL", "VERIFY_TLS", "VERIFY_CERTS", "STRICT_SSL", "REJECT_UNAUTHORIZED"} {
		if off && lastWords(name, end) {
			return gate.SeverityMedium, noCertificates
		}
	}
	return "", ""
}

// lastWords reports whether a name is, or ends with, some whole words.
func lastWords(name, words string) bool { return name == words || strings.HasSuffix(name, "_"+words) }
