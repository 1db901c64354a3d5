//go:build !goexperiment.jsonv2

package scan

// Trivy v0.74 needs encoding/json/v2. Without it every other file of this
// package is left out and the build stops here, at a name that says why.
var _ = build_imagegate_with_GOEXPERIMENT_jsonv2__make_sets_it
