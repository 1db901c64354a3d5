package worker

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"regexp"

	"github.com/imagegate/imagegate/internal/gate"
)

// kind is the first byte of a frame.
type kind byte

// The frames. Payloads are JSON, except a layer's.
const (
	kindHello    kind = 'H' // worker: hello
	kindJob      kind = 'J' // parent: job
	kindProgress kind = 'P' // worker: gate.Progress
	kindLayer    kind = 'L' // worker: a layer analysis to keep
	kindResult   kind = 'R' // worker: gate.Analysis
	kindError    kind = 'E' // worker: failure
)

// maxFrame bounds a frame's payload in bytes: the largest is the analysis of
// an image with hundreds of thousands of packages.
const maxFrame = 256 << 20

// hello is what a worker says when it is ready.
type hello struct {
	Database gate.Database `json:"database"`
	// Generation is that of the layer analyses it makes and can read.
	Generation string `json:"generation"`
	// Failure is set when it cannot work at all.
	Failure *failure `json:"failure,omitempty"`
}

// job is one image to analyze. Credentials are those of the one repository.
type job struct {
	Repository  string `json:"repository"`
	Digest      string `json:"digest"`
	RawManifest []byte `json:"rawManifest"`
	RawConfig   []byte `json:"rawConfig"`
	Credentials []byte `json:"credentials,omitempty"` // authn.AuthConfig as JSON
}

// failure is a gate.Error on the wire.
type failure struct {
	Code    gate.Code `json:"code"`
	Message string    `json:"message"`
}

func toFailure(err error) *failure { return &failure{Code: gate.CodeOf(err), Message: err.Error()} }

func (f *failure) error() error { return gate.NewError(f.Code, f.Message, nil) }

// writeFrame writes one frame: kind, length, payload.
func writeFrame(w io.Writer, k kind, payload []byte) error {
	if len(payload) > maxFrame {
		return gate.NewError(gate.CodeLimit, fmt.Sprintf("a worker message of %d bytes is larger than %d", len(payload), maxFrame), nil)
	}
	head := [5]byte{byte(k)}
	binary.BigEndian.PutUint32(head[1:], uint32(len(payload)))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(payload)
	return err
}

func writeJSON(w io.Writer, k kind, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeFrame(w, k, payload)
}

// readFrame reads one frame; a length above the bound is an error before any
// memory is taken for it.
func readFrame(r *bufio.Reader) (kind, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("worker message of %d bytes is larger than %d", n, maxFrame)
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, err
	}
	return kind(head[0]), payload, nil
}

// validGeneration is what a worker may call a generation.
var validGeneration = regexp.MustCompile(`^[0-9a-f]{16}$`)

// layerFrame packs a layer analysis: generation, diffID, data.
func layerFrame(generation, diffID string, data []byte) []byte {
	b := binary.AppendUvarint(nil, uint64(len(generation)))
	b = append(b, generation...)
	b = binary.AppendUvarint(b, uint64(len(diffID)))
	b = append(b, diffID...)
	return append(b, data...)
}

func parseLayerFrame(b []byte) (generation, diffID string, data []byte, err error) {
	next := func() string {
		n, used := binary.Uvarint(b)
		if err != nil || used <= 0 || n > uint64(len(b)-used) || n > 256 {
			err = fmt.Errorf("worker sent a malformed layer message")
			return ""
		}
		s := string(b[used : used+int(n)])
		b = b[used+int(n):]
		return s
	}
	generation, diffID = next(), next()
	return generation, diffID, b, err
}
