package gate

// Supply is what others attached to an image: signatures, attestations and
// SBOMs, found as children of its index (BuildKit), as OCI 1.1 referrers, or
// under cosign's tags. Nothing in it is trusted until Verified says so.
type Supply struct {
	Attachments []Attachment `json:"attachments,omitempty"`
	// Problems say which of the three places could not be read, and why: an
	// absent attachment is then not known to be absent.
	Problems []string `json:"problems,omitempty"`
	// Truncated is true when there were more than were read.
	Truncated bool `json:"truncated,omitempty"`
}

// AttachmentKind is what an attachment says.
type AttachmentKind string

// The kinds, from predicate or media type.
const (
	AttachmentSignature  AttachmentKind = "signature"
	AttachmentSBOM       AttachmentKind = "sbom"
	AttachmentProvenance AttachmentKind = "provenance"
	AttachmentVSA        AttachmentKind = "vsa"
	AttachmentScan       AttachmentKind = "vulnerabilities"
	AttachmentOther      AttachmentKind = "other"
)

// Where an attachment was found.
const (
	PlaceIndex    = "index"    // BuildKit's attestation manifest beside the image
	PlaceReferrer = "referrer" // OCI 1.1 referrers API, or its tag
	PlaceTag      = "tag"      // cosign's .sig, .att and .sbom tags
)

// Attachment is one signature or attestation.
type Attachment struct {
	Kind          AttachmentKind `json:"kind"`
	Place         string         `json:"place"`
	Digest        string         `json:"digest"` // of the manifest that carries it
	MediaType     string         `json:"mediaType,omitempty"`
	PredicateType string         `json:"predicateType,omitempty"`
	// Subjects are the digests an in-toto statement speaks of; nil when the
	// attachment is no statement, or was not opened.
	Subjects []string `json:"subjects,omitempty"`
	// About is true when a subject is the image's manifest or its index.
	About bool `json:"about,omitempty"`
	// Builder, Source and Complete are what a provenance says: builder id,
	// source repository, and whether it lists all parameters (mode=max).
	Builder  string `json:"builder,omitempty"`
	Source   string `json:"source,omitempty"`
	Complete bool   `json:"complete,omitempty"`
	// Images are the images a provenance lists as materials, each as
	// "repository:tag@digest": builders and tools as well as the base.
	Images []string `json:"images,omitempty"`
	// Parameters are the names of build arguments that a provenance records
	// with a literal value of some length. The values are not kept.
	Parameters []string `json:"parameters,omitempty"`
	// Verified is true when a key of the policy signed it.
	Verified bool `json:"verified,omitempty"`
	// Problem says why it could not be read.
	Problem string `json:"problem,omitempty"`
	// Envelope is the DSSE envelope as it came, for verifying.
	Envelope []byte `json:"-"`
}
