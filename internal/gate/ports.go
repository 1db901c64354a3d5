package gate

import (
	"context"
	"io"
	"time"
)

// Resolver finds an image and reads its small objects: index, manifest,
// config. It never reads a layer.
type Resolver interface {
	// Resolve resolves the reference once and fetches index, manifests and
	// configs of the wanted platforms (all when empty). Everything returned
	// was verified against its digest and size. Errors carry CodeNotFound,
	// CodeUnauthorized, CodeUnavailable, CodeInvalid (not something a gate
	// can judge, for example an empty index) or CodeLimit.
	Resolve(ctx context.Context, ref Reference, platforms []string) (*Resolved, error)
}

// Bases looks up approved base images, so that the diffID prefix can prove one.
type Bases interface {
	// Known resolves each reference for a platform, and remembers: what a
	// tag named before is returned as well, as Past. What cannot be resolved
	// is returned with Problem set; Known itself does not fail.
	Known(ctx context.Context, references []string, platform string) []KnownBase
}

// Attachments finds signatures and attestations of an image.
type Attachments interface {
	// Attached looks among the children of the index, the referrers and
	// cosign's tags. What could not be read is in Problems; Attached itself
	// does not fail.
	Attached(ctx context.Context, subject AttachmentSubject) *Supply
}

// AttachmentSubject is the image whose attachments are wanted.
type AttachmentSubject struct {
	Repository string
	Digest     string // of the image's manifest
	Index      string // of the index it was found in, or its own
	// Attestations are the digests of the index's attestation manifests that
	// may speak of it.
	Attestations []string
}

// NamedKey is who must have signed: a public key in PEM, or an identity that an
// OpenID Connect issuer vouched for (Sigstore's keyless signing).
type NamedKey struct {
	Name            string
	PEM             string
	Issuer, Subject string
}

// Keys verifies what others signed.
type Keys interface {
	// SignedBy looks for a signature of repository@digest by one of the keys
	// and returns that key's name, or why there is none. An error means that
	// not everything could be looked at.
	SignedBy(ctx context.Context, keys []NamedKey, repository, digest string) (by, reason string, err error)
	// Envelope reports whether one of the keys signed a DSSE envelope.
	Envelope(keys []NamedKey, envelope []byte) bool
}

// Exploited is a list of vulnerabilities that are known to be exploited.
type Exploited interface {
	// Mark sets Exploited and EPSS and returns the list it went by.
	Mark([]Vulnerability) Exploits
	List() Exploits
}

// Resolved is an image found: evidence of everything but its layers, and the
// raw objects whose layers can be opened.
type Resolved struct {
	Digest    string
	MediaType string
	Index     []IndexEntry
	Images    []Image
}

// objects are the small objects of the images by digest.
func (r *Resolved) objects() map[string][]byte {
	out := map[string][]byte{}
	for _, img := range r.Images {
		if img.Repository != "" {
			out[img.Digest] = img.RawManifest
			out[img.Evidence.Manifest.Config.Digest] = img.RawConfig
		}
	}
	return out
}

// Image is one platform's image: its small objects in hand and verified, its
// layers still where they are.
type Image struct {
	// Repository is where the layers are pulled from; empty for local sources.
	Repository  string
	Digest      string
	RawManifest []byte
	RawConfig   []byte
	// Evidence is the manifest and config as checks read them.
	Evidence ImageEvidence
	// Blobs opens the layers.
	Blobs Blobs
}

// Blobs opens compressed layer blobs. The caller verifies the bytes.
type Blobs interface {
	// Open streams the blob; reading resumes over broken connections. Layer
	// i has descriptor d, as in the manifest. Errors are as Resolve's.
	Open(ctx context.Context, i int, d Descriptor) (io.ReadCloser, error)
}

// Analyzer reads an image's layers and scans them. Implementations are Trivy
// in this process (internal/scan) and in another (internal/worker).
type Analyzer interface {
	// Analyze reads every layer not already known, once. Defects of the
	// image's bytes come back inside Contents; an error means that the gate
	// could not do its work: CodeUnavailable (registry, worker died),
	// CodeLimit or CodeInternal.
	Analyze(ctx context.Context, img Image, report Report) (*Analysis, error)
	// Database is the vulnerability database in force; CodeUnavailable when
	// there is none that can be used.
	Database(ctx context.Context) (Database, error)
}

// Analysis is what an Analyzer saw.
type Analysis struct {
	Contents Contents
	Scan     Scan
	Database Database
}

// Policies selects the policy for a request.
type Policies interface {
	// Select returns the named policy, or for an empty name the first whose
	// match covers the reference. CodeNotFound names what there is.
	Select(name string, ref Reference) (Policy, error)
	// Names lists the policies in order.
	Names() []string
}

// Policy is a compiled policy. Its methods are pure: they read their arguments
// and nothing else, and may be called concurrently.
type Policy interface {
	Ref() PolicyRef
	// Needs says what evidence the policy asks the gate to gather.
	Needs() Needs
	// Grace is how long an image that passed stays admitted when
	// vulnerabilities are published.
	Grace() Grace
	// BaseKeys are the keys of which one must have signed a base image.
	BaseKeys(base Reference) []NamedKey
	// Reference applies the rules that need no network. Any violation with
	// no waiver condemns the image.
	Reference(ref Reference, now time.Time) []Violation
	// Decide makes the verdict from whatever evidence there is. Checks that
	// need evidence which is absent are left out when early is true, and
	// are unknown otherwise. ID, Evidence and Signature are the caller's to
	// fill in.
	Decide(ev *Evidence, now time.Time, early bool) Verdict
}

// Needs is what a policy wants gathered beyond the image itself.
type Needs struct {
	// Platforms that must be evaluated; empty means all of the index.
	Platforms []string
	// Bases are the references of approved base images.
	Bases []string
	// LookUp are further registries where claimed bases are looked up.
	LookUp []string
	// Supply asks for what is attached to the image, and SupplyKeys are
	// those by which attestations count as verified.
	Supply     bool
	SupplyKeys []NamedKey
}

// Signer signs digests and tells what signatures there are.
type Signer interface {
	// Sign signs repository@digest. It is idempotent: asking again leaves
	// one signature. The returned reference names it.
	Sign(ctx context.Context, req SignRequest) (reference string, err error)
}

// SignRequest names what to sign and what the signature shall say.
type SignRequest struct {
	Repository string
	Digest     string
	// Annotations are part of the signed payload: policy and verdict ids.
	Annotations map[string]string
}

// Store keeps evaluations, verdicts and evidence.
type Store interface {
	// Verdict returns the verdict of that id; nil when there is none.
	Verdict(ctx context.Context, id string) (*Verdict, error)
	// Record stores a verdict with its evidence, objects and standing in one
	// transaction. Recording the same verdict id again is no error and
	// changes nothing: the first one stands and is returned.
	Record(ctx context.Context, r Recording) (Verdict, error)
	// Reusable returns the newest unexpired pass or fail verdict stored
	// under key, or nil.
	Reusable(ctx context.Context, key string, now time.Time) (*Verdict, error)
	// Standing is where a digest of a repository stands under a policy; nil
	// when it was never decided.
	Standing(ctx context.Context, repository, digest, policyDigest string) (*Standing, error)
	// Tag is the digest decided last for a tag; "" when there is none.
	Tag(ctx context.Context, repository, tag string) (digest string, err error)
	// RecordSignature stores the outcome of signing beside the verdict.
	RecordSignature(ctx context.Context, verdictID string, s SignatureState) error
}

// Recording is everything stored of one decision.
type Recording struct {
	Verdict Verdict
	// Evidence is nil when there is none, or when the verdict names evidence
	// that is stored already.
	Evidence *Evidence
	// Key names what the verdict depends on; empty when it is not to be
	// given to others.
	Key string
	// Objects are manifests and configs by digest, as they came from the
	// registry, so that the image can be decided again without it.
	Objects map[string][]byte
	// Standing is what the verdict makes of its digest; nil when nothing.
	Standing *Standing

	grace Grace
}
