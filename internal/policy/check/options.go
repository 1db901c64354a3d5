package check

import (
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// Options are the parameters a policy can set for checks. A zero value means
// that the policy sets no such bound; DefaultOptions holds the bounds that
// apply where a policy is silent.
type Options struct {
	// ApprovedBases are references of approved base images, and "scratch"
	// for images without one.
	ApprovedBases []string
	MinProof      gate.Proof // BASE-01
	// RequireProof asks for MinProof where no base is approved, too (BASE-01).
	RequireProof bool
	MaxBaseAge   time.Duration // of the base's creation date
	// DevBases allows development variants as bases (BASE-06).
	DevBases bool
	// MaxClass is the least minimal class accepted (BASE-07).
	MaxClass gate.Class

	MaxLayers            int           // META-09
	MaxCompressed        int64         // META-09, bytes over all layers
	MaxLayerCompressed   int64         // META-09, bytes of one layer
	MaxUncompressed      int64         // META-09, bytes over all layers
	MaxWasted            int64         // MIN-07, bytes
	MaxImageAge          time.Duration // META-10
	AllowedPlatforms     []string      // META-11
	RequiredPlatforms    []string      // META-02
	MaxDatabaseAge       time.Duration // SCAN-06
	MaxSetuid            int           // FS-01: how many are tolerated
	AllowedSetuid        []string      // FS-01: paths that are accepted
	AllowedWorldWritable []string      // FS-03: paths that are accepted
	AllowedPorts         []string      // CONF-01: dangerous ports that are accepted
	AllowedSecretPaths   []string      // CRED-01, CRED-04: path globs (path.Match, "**" for any depth)
	AllowedEnv           []string      // ENV-01, ENV-02: variable names that are accepted

	RequiredLabels []string      // META-12: label keys that must be there
	BaseGrace      time.Duration // BASE-04: how long a newer build of the base may be out
	MinUID         int           // USER-07: the lowest uid that collides with no host user
	MaxPackages    int           // MIN-08: OS packages, 0 by class
	MinCacheBytes  int64         // MIN-05: below it caches are not worth a word
	DeniedLicenses []string      // SCAN-08: SPDX ids, "*" at the end for any suffix
	MinEPSS        float64       // SCAN-07: probability from which a vulnerability counts as exploited
	AllowedCAs     []string      // FS-15: sha256 fingerprints in hex

	RequireSBOM       bool     // SUP-01
	RequireProvenance bool     // SUP-02
	TrustedBuilders   []string // SUP-02: builder ids, "*" at the end for any suffix
	TrustedSources    []string // SUP-02: source repositories, "*" at the end for any suffix
	AllowedRegistries []string // SUP-04: registry or repository patterns
	// VerifiedAttestations lets only attestations count that a key of the
	// policy signed (SUP-01, SUP-02).
	VerifiedAttestations bool
}

// DefaultOptions are the bounds that apply unless a policy sets its own.
func DefaultOptions() Options {
	return Options{
		MinProof:           gate.ProofMatched,
		MaxLayers:          127,
		MaxCompressed:      10 << 30,
		MaxLayerCompressed: 5 << 30,
		MaxUncompressed:    30 << 30,
		MaxDatabaseAge:     72 * time.Hour,
		BaseGrace:          14 * 24 * time.Hour,
		MinUID:             10_000,
		MinCacheBytes:      1 << 20,
	}
}
