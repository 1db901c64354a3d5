package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// A cursor is, in URL-safe base64, a version, the microseconds of a position, a
// checksum over position and filter, and the position's id. It holds no secret
// and gives no right: the checksum is there so that one that was damaged, or
// made for another list, is not taken for a place in this one.
const (
	cursorVersion = 1
	cursorSum     = 8 // bytes of checksum
	cursorHead    = 1 + 8 + cursorSum
	maxCursorID   = 100 // bytes
)

func writeCursor(p gate.Position, f gate.Filter) string {
	out := binary.BigEndian.AppendUint64([]byte{cursorVersion}, uint64(p.CreatedAt.UnixMicro()))
	out = append(out, checksum(p, f)...)
	return base64.RawURLEncoding.EncodeToString(append(out, p.ID...))
}

// readCursor takes nothing but what writeCursor made for the same filter.
func readCursor(cursor string, f gate.Filter) (gate.Position, error) {
	invalid := gate.NewError(gate.CodeInvalid, "the cursor is damaged, or was made for other filters or another list: start again without it", nil)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= cursorHead || len(raw) > cursorHead+maxCursorID || raw[0] != cursorVersion {
		return gate.Position{}, invalid
	}
	p := gate.Position{CreatedAt: time.UnixMicro(int64(binary.BigEndian.Uint64(raw[1:]))).UTC(), ID: string(raw[cursorHead:])}
	if !bytes.Equal(raw[9:cursorHead], checksum(p, f)) {
		return gate.Position{}, invalid
	}
	return p, nil
}

func checksum(p gate.Position, f gate.Filter) []byte {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode([]any{"evaluations", cursorVersion, p.CreatedAt.UnixMicro(), p.ID, f}) // strings, numbers and times encode
	return h.Sum(nil)[:cursorSum]
}
