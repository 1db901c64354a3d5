package gate

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Base is what is known of the image's base.
type Base struct {
	// Reference and Digest name the base; empty for scratch.
	Reference string `json:"reference,omitempty"`
	Digest    string `json:"digest,omitempty"`
	// Layers is how many of the image's layers are the base's.
	Layers int `json:"layers"`
	// Proof says how it is known: see the Proof constants.
	Proof Proof `json:"proof"`
	// Created is the base's own creation date; zero when unknown.
	Created time.Time `json:"created,omitzero"`
	// Labels are the base's own, which children inherit; nil when unknown.
	Labels map[string]string `json:"labels,omitempty"`
	// Claims are what annotations, labels and provenance say, with what
	// became of each.
	Claims []BaseClaim `json:"claims,omitempty"`
	// Approved are the bases of the policy that were compared, and those
	// that could not be fetched, with the reason.
	Approved []KnownBase `json:"approved,omitempty"`
	// Newest is what the base's tag names today where that is another digest
	// than the image's base; nil when it is the same or unknown.
	Newest *NewestBase `json:"newest,omitempty"`
	// Signature is what is known of the base's own signature; nil when
	// nobody asked.
	Signature *BaseSignature `json:"signature,omitempty"`
}

// The sources of claims about a base.
const (
	ClaimAnnotation = "annotation" // org.opencontainers.image.base.* of the manifest
	ClaimLabel      = "label"      // the same keys in the config, inherited by children
	ClaimProvenance = "provenance" // a material of a provenance attestation
	ClaimBuildpacks = "buildpacks" // run image of io.buildpacks.lifecycle.metadata
)

// BaseClaim is somebody's statement about the base.
type BaseClaim struct {
	Source    string `json:"source"` // one of the Claim constants
	Reference string `json:"reference,omitempty"`
	Digest    string `json:"digest,omitempty"`
	// State is what comparing layers made of it.
	State ClaimState `json:"state,omitempty"`
	// Layers is how many layers the claimed image has, where it was read.
	Layers int `json:"layers,omitempty"`
	// Created is the claimed image's creation date, where it was read.
	Created time.Time `json:"created,omitzero"`
	// Signed is true of a material of a provenance whose signature by a key
	// of the policy was verified.
	Signed bool `json:"signed,omitempty"`
	// Problem says why the claimed image was not compared.
	Problem string `json:"problem,omitempty"`
}

// ClaimState is what became of a claim.
type ClaimState string

// The states. A claim that was not compared has none.
const (
	ClaimTrue ClaimState = "true" // the claimed image's layers begin this image's
	// ClaimFalse is a claimed image that was read and whose layers do not.
	ClaimFalse ClaimState = "false"
	// ClaimAncestor is a label that was inherited: the claimed image's layers
	// begin this image's, and those of a longer base too.
	ClaimAncestor ClaimState = "ancestor"
)

// NewestBase is what a base's tag resolves to now.
type NewestBase struct {
	Reference string    `json:"reference"`
	Digest    string    `json:"digest"`
	Created   time.Time `json:"created,omitzero"`
	// Scanned is true when it was scanned; Vulnerabilities are then those it
	// has, as "ID package", sorted.
	Scanned         bool     `json:"scanned,omitempty"`
	Vulnerabilities []string `json:"vulnerabilities,omitempty"`
	// Problem says why it was not scanned.
	Problem string `json:"problem,omitempty"`
}

// BaseSignature is the base's own signature, verified against what the policy
// expects of that base.
type BaseSignature struct {
	Verified bool   `json:"verified"`
	By       string `json:"by,omitempty"`      // the expected key or identity
	Problem  string `json:"problem,omitempty"` // why it was not verified
	// Retryable is true when the problem may pass: the registry is away.
	Retryable bool `json:"retryable,omitempty"`
}

// KnownBase is an image that may be a base, resolved for one platform.
type KnownBase struct {
	Reference string            `json:"reference"`
	Digest    string            `json:"digest,omitempty"`
	DiffIDs   []string          `json:"diffIDs,omitempty"`
	Created   time.Time         `json:"created,omitzero"`
	Labels    map[string]string `json:"-"`
	// Past is true of a digest that the reference named before and no longer
	// does.
	Past bool `json:"past,omitempty"`
	// Remembered is true of a digest that the reference named when its
	// registry last answered.
	Remembered bool `json:"remembered,omitempty"`
	// Problem is why it could not be resolved; empty when it was.
	Problem string `json:"problem,omitempty"`
	// Retryable is true when the problem may pass: the registry is away.
	Retryable bool `json:"retryable,omitempty"`
}

// Proof grades what is known of the base image, strongest first.
type Proof string

// The grades of CHECKS: prefix of an approved base's diffIDs; prefix and
// signed provenance; prefix of another image; a claim only; nothing.
const (
	ProofProven   Proof = "proven"
	ProofAttested Proof = "attested"
	ProofMatched  Proof = "matched"
	ProofClaimed  Proof = "claimed"
	ProofUnknown  Proof = "unknown"
)

var proofRanks = map[Proof]int{ProofProven: 4, ProofAttested: 3, ProofMatched: 2, ProofClaimed: 1}

// Rank orders proofs: proven 4, attested 3, matched 2, claimed 1, unknown 0.
func (p Proof) Rank() int { return proofRanks[p] }

// Keys of the OCI image-spec that name a base image, as annotations of the
// manifest and, by custom, as labels; and Cloud Native Buildpacks' label.
const (
	keyBaseName   = "org.opencontainers.image.base.name"
	keyBaseDigest = "org.opencontainers.image.base.digest"
	keyBuildpacks = "io.buildpacks.lifecycle.metadata"
)

// maxClaims bounds the claims that are kept and compared.
const maxClaims = 12

// BaseClaims are what annotations, labels and attached provenance say of an
// image's base, unverified. Labels are inherited by children, so they come last.
func BaseClaims(img ImageEvidence) []BaseClaim {
	var out []BaseClaim
	add := func(c BaseClaim) {
		if len(out) < maxClaims && (c.Reference != "" || c.Digest != "") && len(c.Reference) <= maxReference && len(c.Digest) <= maxReference {
			out = append(out, c)
		}
	}
	a, l := img.Manifest.Annotations, img.Config.Labels
	add(BaseClaim{Source: ClaimAnnotation, Reference: a[keyBaseName], Digest: a[keyBaseDigest]})
	if img.Supply != nil {
		for _, attached := range img.Supply.Attachments {
			for _, m := range attached.Images {
				if attached.Kind == AttachmentProvenance && attached.About {
					ref, digest, _ := strings.Cut(m, "@")
					add(BaseClaim{Source: ClaimProvenance, Reference: ref, Digest: digest, Signed: attached.Verified})
				}
			}
		}
	}
	if ref, digest, ok := strings.Cut(runImage(l[keyBuildpacks]), "@"); ok {
		add(BaseClaim{Source: ClaimBuildpacks, Reference: ref, Digest: digest})
	}
	add(BaseClaim{Source: ClaimLabel, Reference: l[keyBaseName], Digest: l[keyBaseDigest]})
	return out
}

// runImage is the reference of a buildpacks run image (lifecycle's platform
// specification, "io.buildpacks.lifecycle.metadata").
func runImage(label string) string {
	if label == "" || len(label) > 1<<20 {
		return ""
	}
	var metadata struct {
		RunImage struct {
			Reference string `json:"reference"`
		} `json:"runImage"`
	}
	if json.Unmarshal([]byte(label), &metadata) != nil {
		return ""
	}
	return metadata.RunImage.Reference
}

// IdentifyBase says what the base of an image is. An approved base whose
// diffIDs begin the image's own is proven, whatever labels say; a claimed image
// of which that holds is attested or matched; the longest counts. What cannot
// be compared stays a claim. DiffIDs and not compressed digests are compared,
// which survives recompression and mirrors.
//
// claimed[i] are the images that claims[i] names, by digest or, where that is
// not there, by tag; none where it was not read.
func IdentifyBase(img ImageEvidence, approved []KnownBase, claims []BaseClaim, claimed [][]KnownBase) *Base {
	base := &Base{Proof: ProofUnknown, Claims: slices.Clone(claims)}
	for _, k := range approved {
		if begins(k, img) && len(k.DiffIDs) > base.Layers {
			base.take(k, ProofProven)
		}
	}
	for i := range base.Claims {
		c := &base.Claims[i]
		if i < len(claimed) {
			c.compare(img, claimed[i])
		}
		if c.State != ClaimTrue || base.Proof == ProofProven {
			continue
		}
		proof := ProofMatched
		if c.Signed {
			proof = ProofAttested
		}
		if c.Layers > base.Layers || (c.Layers == base.Layers && proof.Rank() > base.Proof.Rank()) {
			base.take(match(img, claimed[i]), proof)
		}
	}
	for i := range base.Claims {
		if c := &base.Claims[i]; c.inherited(base) {
			c.State = ClaimAncestor
		}
	}
	if base.Proof == ProofUnknown {
		if i := slices.IndexFunc(base.Claims, func(c BaseClaim) bool { return c.State == "" }); i >= 0 {
			base.Reference, base.Digest, base.Proof = base.Claims[i].Reference, base.Claims[i].Digest, ProofClaimed
		}
	}
	base.Approved = compared(approved, base)
	return base
}

func (b *Base) take(k KnownBase, proof Proof) {
	b.Reference, b.Digest, b.Layers, b.Created, b.Labels, b.Proof = k.Reference, k.Digest, len(k.DiffIDs), k.Created, k.Labels, proof
}

// begins reports whether the layers of a known image are the image's first.
func begins(k KnownBase, img ImageEvidence) bool {
	n := len(k.DiffIDs)
	return n > 0 && n <= len(img.Config.DiffIDs) && slices.Equal(k.DiffIDs, img.Config.DiffIDs[:n])
}

// match is the longest of the known images that begins the image.
func match(img ImageEvidence, known []KnownBase) (longest KnownBase) {
	for _, k := range known {
		if begins(k, img) && len(k.DiffIDs) > len(longest.DiffIDs) {
			longest = k
		}
	}
	return longest
}

// compare holds a claim against the layers of the images it names.
func (c *BaseClaim) compare(img ImageEvidence, claimed []KnownBase) {
	if k := match(img, claimed); len(k.DiffIDs) > 0 {
		c.State, c.Layers, c.Created = ClaimTrue, len(k.DiffIDs), k.Created
		return
	}
	for _, k := range claimed {
		switch {
		case k.Problem != "":
			c.Problem = k.Problem
		case k.Past || len(k.DiffIDs) == 0:
		case c.Digest != "" && k.Digest != c.Digest:
			// Found by its tag, because the digest is not there.
			c.Problem = "the digest it names is not in its repository, and its tag names another build"
		case c.Digest == "":
			c.Problem = "its tag names another build now"
		case len(img.Config.DiffIDs) <= len(k.DiffIDs):
			// An image that was squashed has no layers left to compare.
			c.Layers, c.Created, c.Problem = len(k.DiffIDs), k.Created, "this image has no more layers than the base it names: they were squashed, or copied out of it"
		case c.Source == ClaimProvenance:
			// A provenance lists builders and tools beside the base.
			c.Layers, c.Problem = len(k.DiffIDs), "a material of the build that is no base of this image"
		default:
			c.State, c.Layers, c.Created = ClaimFalse, len(k.DiffIDs), k.Created
		}
	}
}

// inherited reports whether a label came from the base, which speaks of the
// base's own base in it.
func (c *BaseClaim) inherited(b *Base) bool {
	if c.Source != ClaimLabel || b.Proof.Rank() < ProofMatched.Rank() {
		return false
	}
	if c.State == ClaimTrue {
		return c.Layers < b.Layers
	}
	return c.Reference == b.Labels[keyBaseName] && c.Digest == b.Labels[keyBaseDigest]
}

// compared are the approved bases as evidence keeps them: those in force, and
// of past ones only the image's own.
func compared(approved []KnownBase, b *Base) []KnownBase {
	var out []KnownBase
	for _, k := range approved {
		if !k.Past || k.Digest == b.Digest {
			out = append(out, k)
		}
	}
	return out
}
