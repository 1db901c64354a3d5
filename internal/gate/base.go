package gate

import "slices"

// Annotation keys of the OCI image-spec that name a base image.
const (
	annotationBaseName   = "org.opencontainers.image.base.name"
	annotationBaseDigest = "org.opencontainers.image.base.digest"
)

// IdentifyBase says what the base of an image is: the known base with the
// longest run of diffIDs that begins the image's own is proven, whatever
// labels say; a claim without proof stays a claim. Comparing diffIDs and not
// compressed digests survives recompression and mirrors.
func IdentifyBase(img ImageEvidence, known []KnownBase) *Base {
	base := &Base{Proof: ProofUnknown, Claims: claims(img), Approved: known}
	for _, k := range known {
		n := len(k.DiffIDs)
		if n == 0 || n <= base.Layers || n > len(img.Config.DiffIDs) || !slices.Equal(k.DiffIDs, img.Config.DiffIDs[:n]) {
			continue
		}
		base.Reference, base.Digest, base.Layers, base.Created, base.Proof = k.Reference, k.Digest, n, k.Created, ProofProven
	}
	if base.Proof == ProofUnknown && len(base.Claims) > 0 {
		base.Reference, base.Digest, base.Proof = base.Claims[0].Reference, base.Claims[0].Digest, ProofClaimed
	}
	return base
}

// claims are what the manifest's annotations and the config's labels say of
// the base. Labels are inherited by children, so they come second.
func claims(img ImageEvidence) []BaseClaim {
	var out []BaseClaim
	for _, c := range []struct {
		source string
		values map[string]string
	}{{"annotation", img.Manifest.Annotations}, {"label", img.Config.Labels}} {
		name, digest := c.values[annotationBaseName], c.values[annotationBaseDigest]
		if name != "" || digest != "" {
			out = append(out, BaseClaim{Source: c.source, Reference: name, Digest: digest})
		}
	}
	return out
}
