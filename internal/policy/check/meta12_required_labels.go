package check

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// RequiredLabels is META-12.
var RequiredLabels = &Check{
	ID: "META-12", Name: "required-labels", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "Labels that the policy asks for, in the config or as an annotation of the manifest: that they are there, are the image's own, and are well-formed where OCI says what they hold.",
		Why:     "Labels lead from a running container back to its source and its owner. Children inherit them: without its own, an image shows its base's.",
		Example: "org.opencontainers.image.revision that equals the base's own fails, as do created: yesterday and source: ${REPO}; https://git.example/app passes.",
		Fix:     "Set the label in the build: docker build --label org.opencontainers.image.revision=$(git rev-parse HEAD).",
	},
	Decide: func(in Input) Result {
		if len(in.Options.RequiredLabels) == 0 {
			return notApplicable("the policy asks for no labels")
		}
		var findings []Finding
		for _, key := range in.Options.RequiredLabels {
			if problem := labelProblem(in, key); problem != "" {
				findings = append(findings, Finding{
					Message: fmt.Sprintf("the label %s %s", key, problem),
					Fix:     fmt.Sprintf("set it in the build: LABEL %s=…", key), Subject: key,
				})
			}
		}
		return verdictOn(bounded(findings, "labels"))
	},
}

// labelProblem says what is wrong with a label, or "".
func labelProblem(in Input, key string) string {
	img := in.Image
	value, ok := img.Manifest.Annotations[key]
	if !ok {
		if value, ok = img.Config.Labels[key]; !ok {
			return "is missing"
		}
		// The base itself may be what is judged: then the labels are its own.
		b := img.Base
		proven := b != nil && b.Proof.Rank() >= gate.ProofMatched.Rank() && b.Digest != img.Digest && b.Digest != in.Evidence.Digest
		if proven && value != "" && b.Labels[key] == value {
			return "is the base's own, which the image inherited"
		}
	}
	value = strings.TrimSpace(value)
	switch {
	case value == "":
		return "is empty"
	case filledIn.MatchString(value) || strings.HasPrefix(value, "$"):
		return fmt.Sprintf("holds %.100q, which nobody filled in", value)
	}
	if standard, ok := strings.CutPrefix(key, "org.opencontainers.image."); ok {
		if want := malformed(standard, value); want != "" {
			return fmt.Sprintf("holds %.100q, which is not %s", value, want)
		}
	}
	return ""
}

// spdxLike is the form of an SPDX licence expression; whether the ids exist is
// not asked.
var spdxLike = regexp.MustCompile(`^\(*[A-Za-z0-9.+:-]+\)*( (AND|OR|WITH) \(*[A-Za-z0-9.+:-]+\)*)*$`)

// malformed says what an annotation of the OCI image-spec should be where the
// value is something else.
func malformed(name, value string) string {
	switch name {
	case "created":
		if _, err := time.Parse(time.RFC3339, value); err != nil {
			return "a date and time as in RFC 3339"
		}
	case "source", "url", "documentation":
		if u, err := url.Parse(value); err != nil || u.Scheme == "" || u.Host == "" {
			return "a URL"
		}
	case "licenses":
		if !spdxLike.MatchString(value) {
			return "an SPDX licence expression"
		}
	case "revision", "version":
		if strings.ContainsAny(value, " \t\n") {
			return "one word"
		}
	}
	return ""
}
