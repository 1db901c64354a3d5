package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// DevVariant is BASE-06.
var DevVariant = &Check{
	ID: "BASE-06", Name: "dev-variant", Severity: gate.SeverityHigh, Tier: TierRegistry, PerImage: true,
	Doc: Doc{
		What:     "Whether the base, proven or claimed, is a development variant (debug, dev, sdk) or a build toolchain.",
		Why:      "Such bases carry shells, compilers and package managers that a running service does not need and an intruder does.",
		Example:  "gcr.io/distroless/static:debug and golang:1.26 fail; gcr.io/distroless/static:nonroot passes; node:22 is MEDIUM, node:22-slim passes.",
		Fix:      "Build in that image and copy the result into a runtime base (a multi-stage build); for images of build tools set base: {devVariants: allow}.",
		Controls: []string{"CIS Docker 4.3"},
	},
	Decide: func(in Input) Result {
		b := in.Image.Base
		switch {
		case in.Options.DevBases:
			return notApplicable("the policy allows development variants")
		case b == nil || b.Reference == "":
			return notApplicable("no base is known")
		}
		severity, what := devVariant(b.Reference)
		if what == "" {
			return pass()
		}
		return failed(Finding{Severity: severity, Message: fmt.Sprintf("the base %s (%s) is %s", b.Reference, b.Proof, what), Fix: "use a multi-stage build and copy the result into a runtime base"})
	},
}

// toolchains are repositories whose images exist to build others; heavy ones
// have a slim variant meant for running.
var (
	toolchains = []string{"golang", "maven", "gradle", "rust", "gcc", "sdk", "buildpack-deps"}
	heavy      = []string{"node", "python", "ruby", "openjdk", "php"}
	slimWords  = []string{"slim", "alpine", "jre", "distroless"}
)

// devVariant says what kind of development base a reference names, or "".
func devVariant(reference string) (gate.Severity, string) {
	ref, err := gate.ParseReference(reference)
	if err != nil {
		return "", ""
	}
	words := strings.FieldsFunc(ref.Tag, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	for _, w := range words {
		if slices.Contains([]string{"debug", "dev", "sdk", "devel"}, w) {
			return gate.SeverityHigh, "a development variant (" + w + ")"
		}
	}
	name := ref.Repository[strings.LastIndex(ref.Repository, "/")+1:]
	if slices.Contains(toolchains, name) {
		return gate.SeverityHigh, "a build toolchain"
	}
	slim := slices.ContainsFunc(words, func(w string) bool {
		return slices.ContainsFunc(slimWords, func(s string) bool { return strings.HasPrefix(w, s) })
	})
	if slices.Contains(heavy, name) && !slim {
		return gate.SeverityMedium, "the variant with compilers and headers; it has a slim one"
	}
	return "", ""
}
