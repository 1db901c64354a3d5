package layer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The pipe between decompression and walk: a few buffers that go round.
const (
	pipeBuffer  = 256 << 10
	pipeBuffers = 6
)

// pipe carries decompressed bytes to the walk, which runs beside it.
type pipe struct {
	ctx  context.Context
	full chan []byte
	free chan []byte
	gone chan struct{} // closed when the reader wants no more
	err  error         // why full ended; read after full is closed
	now  []byte        // what Read has not handed out of
	buf  []byte        // the buffer now is part of
}

func newPipe(ctx context.Context) *pipe {
	p := &pipe{ctx: ctx, full: make(chan []byte, pipeBuffers), free: make(chan []byte, pipeBuffers), gone: make(chan struct{})}
	for range pipeBuffers {
		p.free <- make([]byte, pipeBuffer)
	}
	return p
}

var errAbandoned = errors.New("the reader is gone")

// ReadFrom fills buffers from r until it ends.
func (p *pipe) ReadFrom(r io.Reader) (int64, error) {
	var total int64
	for {
		var b []byte
		select {
		case b = <-p.free:
		case <-p.gone:
			return total, errAbandoned
		case <-p.ctx.Done():
			return total, p.ctx.Err()
		}
		n, err := fill(r, b[:pipeBuffer])
		total += int64(n)
		if n > 0 {
			p.full <- b[:n] // never blocks: there are as many places as buffers
		}
		if err == io.EOF { //nolint:errorlint // a wrapped one is not the end
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// fill is io.ReadFull that leaves the end of the stream io.EOF, so that a
// decompressor's own io.ErrUnexpectedEOF keeps its meaning.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	return n, err
}

func (p *pipe) finish(err error) {
	p.err = err
	close(p.full)
}

func (p *pipe) abandon() { close(p.gone) }

func (p *pipe) Read(out []byte) (int, error) {
	if len(p.now) == 0 {
		if p.buf != nil {
			p.free <- p.buf
			p.buf = nil
		}
		b, ok := <-p.full
		if !ok {
			if p.err != nil {
				return 0, p.err
			}
			return 0, io.EOF
		}
		p.buf, p.now = b[:cap(b)], b
	}
	n := copy(out, p.now)
	p.now = p.now[n:]
	return n, nil
}

// maxWindow bounds the memory a zstd frame may ask for.
const maxWindow = 128 << 20

// decompress writes the source's uncompressed bytes into the pipe. The format
// is told by the first bytes: media types are the author's.
func decompress(in io.Reader, p *pipe) error {
	b := bufio.NewReaderSize(in, 128<<10)
	head, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		gz, err := gzip.NewReader(b)
		if err != nil {
			return fmt.Errorf("gzip: %w", err)
		}
		_, err = p.ReadFrom(gz)
		return err
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}), len(head) == 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:], []byte{0x2a, 0x4d, 0x18}):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return fmt.Errorf("zstd: %w", err)
		}
		defer z.Close()
		_, err = p.ReadFrom(z)
		return err
	}
	_, err = p.ReadFrom(b)
	return err
}
