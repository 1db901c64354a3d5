package layer

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// Limits bound what one layer may make the gate do. Reaching one ends the pass
// and is a fact about the layer.
type Limits struct {
	MaxUncompressed int64 // bytes of the tar stream
	MaxEntries      int   // and directories that have no entry but are implied
	MaxNames        int64 // bytes of all paths and link targets together
	// MaxRatio bounds uncompressed to compressed bytes once RatioAfter
	// uncompressed bytes have passed: gzip cannot exceed 1032, zstd can.
	MaxRatio   int64
	RatioAfter int64
	// MaxCaptured bounds the content kept of one file, in bytes.
	MaxCaptured int64
}

// maxNames is 128 bytes for each of half a million entries.
const maxNames = 64 << 20

// DefaultLimits fit any image people mean to run.
func DefaultLimits() Limits {
	return Limits{MaxUncompressed: 30 << 30, MaxEntries: 500_000, MaxNames: maxNames, MaxRatio: 300, RatioAfter: 256 << 20, MaxCaptured: 1 << 20}
}

// limitError stops the pass; it becomes a gate.LayerProblem.
type limitError struct {
	kind    gate.ProblemKind
	message string
}

func (e *limitError) Error() string { return e.message }

// meter counts uncompressed bytes against the limits.
type meter struct {
	limits     Limits
	compressed func() int64
	n          int64
}

func (m *meter) add(n int) error {
	m.n += int64(n)
	if m.n > m.limits.MaxUncompressed {
		return &limitError{gate.ProblemBytes, fmt.Sprintf("the layer unpacks to more than %d bytes", m.limits.MaxUncompressed)}
	}
	if m.n > m.limits.RatioAfter && m.n/max(m.compressed(), 1) > m.limits.MaxRatio {
		return &limitError{gate.ProblemRatio, fmt.Sprintf("the layer unpacks to more than %d times its size: a compression bomb", m.limits.MaxRatio)}
	}
	return nil
}
