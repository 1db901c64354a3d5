//go:build goexperiment.jsonv2

package scan

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"

	ftypes "github.com/aquasecurity/trivy/pkg/fanal/types"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/layer"
)

// Cache keeps what is known of a layer, by diffID. The bytes are opaque to it.
// Implementations verify nothing: who writes to a cache is trusted with the
// layers it writes (see docs/THREAT_MODEL.md).
type Cache interface {
	// Get returns nil when the layer is not known or cannot be read.
	Get(generation, diffID string) []byte
	Put(generation, diffID string, data []byte) error
}

// layerResult is everything known of one layer.
type layerResult struct {
	facts    *layer.Facts
	Blob     ftypes.BlobInfo
	Secrets  []gate.Secret      `json:",omitempty"`
	Problems []gate.ScanProblem `json:",omitempty"`
	// Unowned are native programs that no package of the layer owns and that
	// carry no build information.
	Unowned []string `json:",omitempty"`
	// Packaged is true when the layer has OS packages, Listed when one of
	// them lists its files.
	Packaged, Listed bool
	// Owned are the packages of the layer that own a file with a finding.
	Owned  map[string]string `json:",omitempty"`
	cached bool
}

// cacheable is false for what may turn out otherwise next time: bytes at fault
// are judged anew, and an analyzer's error may have been a full disk.
func (r *layerResult) cacheable() bool {
	return r.facts.Problem == nil && len(r.Problems) == 0
}

// maxEntry bounds a decoded cache entry in bytes.
const maxEntry = 512 << 20

// encode writes a result: length of the facts, facts, the rest as JSON, all of
// it zstd-compressed.
func (r *layerResult) encode() ([]byte, error) {
	facts, err := r.facts.MarshalBinary()
	if err != nil {
		return nil, err
	}
	rest, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	plain := binary.AppendUvarint(nil, uint64(len(facts)))
	plain = append(append(plain, facts...), rest...)
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Close() }()
	return w.EncodeAll(plain, nil), nil
}

// decodeResult reads what encode wrote; any defect is an error, and the caller
// reads the layer again.
func decodeResult(data []byte) (*layerResult, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxEntry))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	plain, err := d.DecodeAll(data, nil)
	if err != nil {
		return nil, err
	}
	n, used := binary.Uvarint(plain)
	if used <= 0 || n > uint64(len(plain)-used) {
		return nil, errors.New("cache entry is cut short")
	}
	r := &layerResult{facts: &layer.Facts{}, cached: true}
	if err := r.facts.UnmarshalBinary(plain[used : used+int(n)]); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(plain[used+int(n):], r); err != nil {
		return nil, err
	}
	return r, nil
}

// generation names everything a cached result depends on beside the layer's
// bytes: analyzers and their versions, our own facts, rules and limits.
func generation(limits layer.Limits, java time.Time) (string, error) {
	group, err := newGroup(&collector{})
	if err != nil {
		return "", err
	}
	h := sha256.New()
	err = json.NewEncoder(h).Encode(struct {
		Trivy    string
		Versions any
		Secrets  int
		Layer    int
		Blob     int
		Limits   layer.Limits
		Java     time.Time
	}{TrivyVersion, group.AnalyzerVersions(), secretsVersion, layer.FactsVersion, ftypes.BlobJSONSchemaVersion, limits, java})
	if err != nil {
		return "", fmt.Errorf("layer cache generation: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}
