package check

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// OpaqueLayers is META-05.
var OpaqueLayers = &Check{
	ID: "META-05", Name: "opaque-layers", Severity: gate.SeverityHigh, Tier: TierConfig, Integrity: true, PerImage: true,
	Doc: Doc{
		What:     "Layers whose media type the gate cannot look into: encrypted ones, unknown ones, and manifests of Docker's schema 1.",
		Why:      "What cannot be read cannot be passed.",
		Example:  "application/vnd.oci.image.layer.v1.tar+gzip+encrypted fails; plain tar, gzip, zstd and eStargz pass.",
		Fix:      "Push the image with gzip or zstd layers that are not encrypted.",
		Controls: []string{"OCI image-spec: layer.md"},
	},
	Decide: func(in Input) Result {
		m := in.Image.Manifest
		if strings.Contains(m.MediaType, "manifest.v1+") && strings.Contains(m.MediaType, "docker") {
			return failed(Finding{Message: "the manifest is of Docker's schema 1, which carries no config and no diffIDs", Fix: "push the image again with a current tool"})
		}
		var findings []Finding
		for i, l := range m.Layers {
			if readable(l.MediaType) {
				continue
			}
			findings = append(findings, Finding{
				Message: fmt.Sprintf("layer %d has media type %.100q, which cannot be looked into", i, l.MediaType),
				Fix:     "push the layer as gzip or zstd tar, not encrypted", Layer: at(i),
			})
		}
		return verdictOn(findings)
	},
}

// readable media types are those of tar layers, plain or compressed.
func readable(mt string) bool {
	switch mt {
	case "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.layer.v1.tar+zstd",
		"application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.docker.image.rootfs.diff.tar.zstd",
		"application/vnd.oci.image.layer.nondistributable.v1.tar", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":
		return true // META-04 speaks of the foreign ones
	}
	return false
}
