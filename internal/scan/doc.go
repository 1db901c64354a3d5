// Package scan is Trivy as a library: the analyzers an image needs, driven by
// our own pass over each layer, the secret scanner with a prefilter, and the
// detection of vulnerabilities over the merged result. It is the only package
// that imports Trivy, so the only one that is slow to build.
//
// Trivy fails open: analyzer errors are logged at debug and dropped. Here each
// of them becomes a gate.ScanProblem, which check SCAN-05 holds against the
// image.
package scan
