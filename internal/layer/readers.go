package layer

import (
	"errors"
	"hash/maphash"
	"io"
)

// teeHash hashes and meters the content read through it.
type teeHash struct {
	r     io.Reader
	h     *maphash.Hash
	meter *meter
}

func (t *teeHash) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	_, _ = t.h.Write(p[:n]) // never fails
	if limit := t.meter.add(n); limit != nil {
		return n, limit
	}
	return n, err
}

// headed gives back bytes that were read ahead.
type headed struct {
	head []byte
	r    io.Reader
}

func (h *headed) Read(p []byte) (int, error) {
	if len(h.head) > 0 {
		n := copy(p, h.head)
		h.head = h.head[n:]
		return n, nil
	}
	return h.r.Read(p)
}

// errorTeller remembers an error of the stream, so that it can be told from an
// error of the visitor who reads it.
type errorTeller struct {
	r   io.Reader
	err error
}

func (t *errorTeller) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}
