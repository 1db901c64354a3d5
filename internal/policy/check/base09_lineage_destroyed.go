package check

import (
	"regexp"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// LineageDestroyed is BASE-09.
var LineageDestroyed = &Check{
	ID: "BASE-09", Name: "lineage-destroyed", Severity: gate.SeverityLow, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "An operating system that came into the image in one layer with everything else: squashed, imported, or copied whole from another image.",
		Why:     "Such an image has no base that could be proven: nobody can tell whether it took the base's fixes, and its layers are shared with no other image.",
		Example: "One layer with Debian and the program fails, as does FROM scratch with COPY --from=build / /; one layer with a program and no operating system passes, as does an approved base itself.",
		Fix:     "Build FROM the base and keep its layers; copy single files from build stages.",
	},
	Decide: func(in Input) Result {
		if b := in.Image.Base; b != nil && b.Proof.Rank() >= gate.ProofMatched.Rank() {
			return pass()
		}
		message, layer := flattened(in)
		if message == "" {
			return pass()
		}
		c := in.Image.Contents
		switch {
		case c == nil:
			return unknown("%s; whether it holds an operating system shows in the layers, which were not read", message)
		case c.OSRelease == nil, c.Class.Rank() <= gate.ClassStatic.Rank():
			return pass() // a program and its data: there is no lineage to lose
		}
		return failed(Finding{Message: message + ", an operating system among it: no base can be proven", Fix: "build FROM the base and keep its layers", Layer: layer})
	},
}

// wholeRoot is a COPY of all there is.
var wholeRoot = regexp.MustCompile(`^(--\S+ )*/(\*|\.)? /$`)

// flattened says how the file system came in one piece, or "". That there is
// one layer is a fact; that one of several holds it all, only history says.
func flattened(in Input) (message string, layer *int) {
	steps, _ := in.Reading.history(in.Image)
	for _, s := range steps {
		switch {
		case (s.instruction == "COPY" || s.instruction == "ADD") && wholeRoot.MatchString(s.args):
			return "a whole file system was copied into one layer", s.layer
		case strings.HasPrefix(s.entry.Comment, "merge sha256:"): // docker build --squash
			return "the layers were squashed into one", s.layer
		case strings.HasPrefix(s.entry.Comment, "Imported from "): // docker import
			return "a whole file system was imported as one layer", s.layer
		}
	}
	if len(in.Image.Config.DiffIDs) == 1 {
		return "everything is in one layer", at(0)
	}
	return "", nil
}
