package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// Analyzer is what a worker runs.
type Analyzer interface {
	gate.Analyzer
	// Generation names, in 16 hex digits, what its layer analyses depend on
	// beside the layers: no other generation's are of use to it.
	Generation() string
}

// ServeOptions are what a worker process needs. Cache is passed to the
// analyzer by its maker; layers to keep go through Keep.
type ServeOptions struct {
	Analyzer Analyzer
	// Image rebuilds the image of a job, with blobs that use the job's
	// credentials.
	Image func(repository, digest string, rawManifest, rawConfig, credentials []byte) (gate.Image, error)
}

// Link is the worker's end of the pipe. It is made before the analyzer, whose
// cache writes through it.
type Link struct {
	in  *bufio.Reader
	mu  sync.Mutex // guards out
	out io.Writer
}

// NewLink makes a Link over the worker's standard input and output.
func NewLink(in io.Reader, out io.Writer) *Link {
	return &Link{in: bufio.NewReaderSize(in, 64<<10), out: out}
}

func (l *Link) send(k kind, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return writeFrame(l.out, k, payload)
}

// Keep hands a layer analysis to the parent, which decides whether to keep it.
func (l *Link) Keep(generation, diffID string, data []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return writeFrame(l.out, kindLayer, layerFrame(generation, diffID, data))
}

// progressEvery bounds how often a job reports.
const progressEvery = 100 * time.Millisecond

// Serve says hello and answers jobs until the parent closes the pipe.
func Serve(ctx context.Context, link *Link, o ServeOptions) error {
	database, err := o.Analyzer.Database(ctx)
	if err != nil {
		return link.send(kindHello, hello{Failure: toFailure(err)})
	}
	if err := link.send(kindHello, hello{Database: database, Generation: o.Analyzer.Generation()}); err != nil {
		return err
	}
	for {
		k, payload, err := readFrame(link.in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var j job
		if err := json.Unmarshal(payload, &j); err != nil || k != kindJob {
			return errors.New("worker: the parent sent something else than a job")
		}
		if err := link.answer(ctx, o, j); err != nil {
			return err
		}
	}
}

func (l *Link) answer(ctx context.Context, o ServeOptions, j job) error {
	img, err := o.Image(j.Repository, j.Digest, j.RawManifest, j.RawConfig, j.Credentials)
	if err != nil {
		return l.send(kindError, toFailure(err))
	}
	analysis, err := o.Analyzer.Analyze(ctx, img, l.throttled())
	if err != nil {
		return l.send(kindError, toFailure(err))
	}
	return l.send(kindResult, analysis)
}

// throttled reports progress at most every progressEvery, and a layer's end
// always.
func (l *Link) throttled() gate.Report {
	var mu sync.Mutex
	var last time.Time
	return func(p gate.Progress) {
		mu.Lock()
		due := time.Since(last) >= progressEvery || p.LayerBytes == p.LayerTotal
		if due {
			last = time.Now()
		}
		mu.Unlock()
		if due {
			_ = l.send(kindProgress, p) // a parent that is gone ends the process at the next read
		}
	}
}
