package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// scratch in a list of approved bases stands for an image without a base.
const scratch = "scratch"

// withoutBase reports whether the layers show an image that was built from
// scratch: nothing of a distribution is in it. known is false while the layers
// have not been read.
func withoutBase(img *gate.ImageEvidence) (yes, known bool) {
	c := img.Contents
	if c == nil {
		return false, false
	}
	return c.OSRelease == nil && len(c.PackageDatabases) == 0 && len(c.Shells) == 0, true
}

// unproven answers for an image whose base is not proven, as far as both base
// checks answer alike: it may be made from scratch where that is approved, and
// approved bases that could not be compared leave the question open.
func unproven(in Input, b *gate.Base) (answer Result, ok bool) {
	if slices.Contains(in.Options.ApprovedBases, scratch) && b.Proof == gate.ProofUnknown {
		switch yes, known := withoutBase(in.Image); {
		case !known:
			return unknown("whether the image was made from scratch shows in its layers, which were not read"), true
		case yes:
			return pass(), true
		}
	}
	if problems := unresolvedBases(b); problems != "" {
		return unknown("approved bases could not be compared: %s", problems), true
	}
	return Result{}, false
}

// unresolvedBases names approved bases that could not be compared.
func unresolvedBases(b *gate.Base) string {
	var problems []string
	for _, k := range b.Approved {
		if k.Problem != "" {
			problems = append(problems, k.Reference+": "+k.Problem)
		}
	}
	return strings.Join(problems, "; ")
}

// userLayer reports whether a layer lies above the image's proven base, and
// whether there is a proven base to tell by.
func userLayer(img *gate.ImageEvidence, layer int) (above, known bool) {
	b := img.Base
	if b == nil || b.Proof.Rank() < gate.ProofMatched.Rank() || b.Layers == 0 {
		return false, false
	}
	return layer >= b.Layers, true
}

// approvedText lists approved bases for a message.
func approvedText(o Options) string {
	names := slices.Clone(o.ApprovedBases)
	if len(names) > 5 {
		names = append(names[:5], fmt.Sprintf("and %d more", len(names)-5))
	}
	return strings.Join(names, ", ")
}
