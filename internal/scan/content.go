//go:build goexperiment.jsonv2

package scan

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	xio "github.com/aquasecurity/trivy/pkg/x/io"
)

// spillSize is the file size from which content goes to an unlinked temporary
// file instead of memory: large binaries are read by one analyzer, once.
const spillSize = 16 << 20

// content is one file of a layer, loaded when the first reader asks. Memory is
// taken from the budget and given back when the last reader has closed.
type content struct {
	ctx    context.Context
	budget *semaphore.Weighted
	size   int64
	source io.Reader

	once sync.Once
	err  error
	buf  []byte   // in memory, or
	file *os.File // unlinked
	refs atomic.Int32
}

func newContent(ctx context.Context, budget *semaphore.Weighted, size int64, r io.Reader) *content {
	c := &content{ctx: ctx, budget: budget, size: size, source: r}
	c.refs.Store(1)
	return c
}

// load reads the source to its end, once.
func (c *content) load() error {
	c.once.Do(func() {
		if c.size >= spillSize {
			c.err = c.spill()
			return
		}
		if c.err = c.budget.Acquire(c.ctx, c.size); c.err != nil {
			return
		}
		c.buf = make([]byte, c.size)
		n, err := io.ReadFull(c.source, c.buf)
		c.buf = c.buf[:n]
		if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			c.err = err
		}
		if c.err != nil {
			c.release()
		}
	})
	return c.err
}

// spill writes the source to a file that has no name, so that nothing stays
// behind however the process ends.
func (c *content) spill() error {
	f, err := os.CreateTemp("", "content-")
	if err != nil {
		return err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return err
	}
	if _, err := io.Copy(f, c.source); err != nil {
		_ = f.Close()
		return err
	}
	c.file = f
	return nil
}

func (c *content) release() {
	if c.buf != nil {
		c.budget.Release(c.size)
		c.buf = nil
	}
	if c.file != nil {
		_ = c.file.Close()
		c.file = nil
	}
}

// done drops one reference.
func (c *content) done() {
	if c.refs.Add(-1) == 0 {
		c.release()
	}
}

// reader opens the content for one more reader, who must close it.
func (c *content) reader() (xio.ReadSeekCloserAt, error) {
	if err := c.load(); err != nil {
		return nil, err
	}
	c.refs.Add(1)
	if c.file != nil {
		return &reader{ReadSeekerAt: io.NewSectionReader(c.file, 0, c.size), content: c}, nil
	}
	return &reader{ReadSeekerAt: bytes.NewReader(c.buf), content: c}, nil
}

// reader is one open view of a content.
type reader struct {
	xio.ReadSeekerAt
	content *content
	closed  atomic.Bool
}

func (r *reader) Close() error {
	if !r.closed.Swap(true) {
		r.content.done()
	}
	return nil
}

// bounded cuts a string for a message.
func bounded(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
