package check

import "github.com/imagegate/imagegate/internal/gate"

// FromBase reports whether a layer is one of the image's base, as far as that
// is proven: the base's layers must at least have been matched. It is false
// where no base is known, and for a layer that is none (-1).
func FromBase(img *gate.ImageEvidence, layer int) bool {
	above, known := userLayer(img, layer)
	return known && !above && layer >= 0
}
