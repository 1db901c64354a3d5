package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// Options configure a Pool.
type Options struct {
	// Executable and Args start a worker whose temporary directory is temp.
	Executable string
	Args       func(temp string) []string
	// Env is added to the worker's otherwise empty environment.
	Env []string
	// Size is how many workers may run at once; default 2.
	Size int
	// TempParent holds the workers' temporary directories.
	TempParent string
	// MemoryLimit is a worker's soft heap limit in bytes (GOMEMLIMIT); the
	// hard limit is a multiple of it. Default 256 MiB.
	MemoryLimit int64
	// Timeout bounds one analysis; default 10 minutes.
	Timeout time.Duration
	// Credentials returns those of one repository, as JSON, or nil.
	Credentials func(ctx context.Context, repository string) ([]byte, error)
	// Fetch is called before a worker gets an image, with its layers: what
	// is known of them elsewhere can be put where the worker reads it. It must
	// not take long. Nil: there is nothing elsewhere.
	Fetch func(ctx context.Context, generation string, diffIDs []string)
	// Keep stores a layer analysis that a worker made.
	Keep func(ctx context.Context, generation, diffID string, data []byte) error
	// Changed tells whether the database on disk is another than d, so that
	// new work goes to a new worker. Nil: never.
	Changed func(d gate.Database) bool
	Logger  *slog.Logger
}

// Pool implements gate.Analyzer with worker processes. Each does one job at a
// time, so a worker's death costs one evaluation.
type Pool struct {
	Options
	slots chan struct{}

	mu     sync.Mutex // guards what follows
	idle   []*process // most recently used last
	last   *gate.Database
	closed bool
}

// New makes a pool; no worker runs until it is needed.
func New(o Options) *Pool {
	if o.Size <= 0 {
		o.Size = 2
	}
	if o.MemoryLimit <= 0 {
		o.MemoryLimit = 256 << 20
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Pool{Options: o, slots: make(chan struct{}, o.Size)}
}

// Database asks a worker for the database it has open.
func (p *Pool) Database(ctx context.Context) (gate.Database, error) {
	if d, ok := p.known(); ok {
		return d, nil
	}
	w, err := p.acquire(ctx)
	if err != nil {
		return gate.Database{}, operatorError(err)
	}
	defer p.release(w)
	return w.database, nil
}

// known is the database the last worker opened, if that is still the one on
// disk: what is stored already is answered while every worker is at work.
func (p *Pool) known() (gate.Database, bool) {
	p.mu.Lock()
	last := p.last
	p.mu.Unlock()
	if last == nil || (p.Changed != nil && p.Changed(*last)) {
		return gate.Database{}, false
	}
	return *last, true
}

// Analyze implements gate.Analyzer. A worker that dies is replaced and the
// image tried once more; dying twice is the image's or the machine's doing and
// ends as CodeLimit.
func (p *Pool) Analyze(ctx context.Context, img gate.Image, report gate.Report) (*gate.Analysis, error) {
	if img.Repository == "" {
		return nil, gate.NewError(gate.CodeInvalid, "a worker reads images from registries only", nil)
	}
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	for attempt := 1; ; attempt++ {
		analysis, err := p.once(ctx, img, report)
		var died *diedError
		if !errors.As(err, &died) {
			return analysis, err
		}
		p.Logger.Error("worker died while analyzing an image", "digest", img.Digest, "attempt", attempt, "error", err)
		if attempt == 2 {
			return nil, gate.NewError(gate.CodeLimit, fmt.Sprintf("the process analyzing %s died twice: the image may need more memory than a worker has, or crash the scanner; the gate's log holds its last words", img.Digest), nil)
		}
	}
}

func (p *Pool) once(ctx context.Context, img gate.Image, report gate.Report) (*gate.Analysis, error) {
	var credentials []byte
	if p.Credentials != nil {
		var err error
		if credentials, err = p.Credentials(ctx, img.Repository); err != nil {
			return nil, err
		}
	}
	w, err := p.acquire(ctx)
	if err != nil {
		return nil, operatorError(err)
	}
	analysis, err := p.run(ctx, w, job{
		Repository: img.Repository, Digest: img.Digest, RawManifest: img.RawManifest, RawConfig: img.RawConfig, Credentials: credentials,
	}, img.Evidence.Config.DiffIDs, report)
	var failed *gate.Error
	if err != nil && !errors.As(err, &failed) {
		p.discard(w)
		return nil, err
	}
	if ctx.Err() != nil { // killed while it worked
		p.discard(w)
		return nil, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the analysis of %s did not end in time", img.Digest), ctx.Err())
	}
	p.release(w)
	return analysis, err
}

// run gives a worker a job and listens until it ends.
func (p *Pool) run(ctx context.Context, w *process, j job, diffIDs []string, report gate.Report) (*gate.Analysis, error) {
	stop := context.AfterFunc(ctx, w.kill)
	defer stop()
	if p.Fetch != nil {
		p.Fetch(ctx, w.generation, diffIDs)
	}
	if err := writeJSON(w.in, kindJob, j); err != nil {
		return nil, w.died(ctx, err)
	}
	for {
		k, payload, err := readFrame(w.out)
		if err != nil {
			return nil, w.died(ctx, err)
		}
		switch k {
		case kindProgress:
			var progress gate.Progress
			if json.Unmarshal(payload, &progress) == nil && report != nil {
				report(progress)
			}
		case kindLayer:
			p.keep(ctx, w.generation, payload, diffIDs)
		case kindResult:
			var a gate.Analysis
			if err := json.Unmarshal(payload, &a); err != nil {
				return nil, &diedError{cause: err}
			}
			return &a, nil
		case kindError:
			var f failure
			if err := json.Unmarshal(payload, &f); err != nil {
				return nil, &diedError{cause: err}
			}
			return nil, f.error()
		default:
			return nil, &diedError{cause: fmt.Errorf("unknown message %q", byte(k))}
		}
	}
}

// keep stores a layer analysis of the image at hand and the worker's own
// generation; a worker has no say over any other.
func (p *Pool) keep(ctx context.Context, own string, payload []byte, diffIDs []string) {
	generation, diffID, data, err := parseLayerFrame(payload)
	if err == nil && generation != own {
		err = fmt.Errorf("worker of generation %s offered an analysis of generation %.20q", own, generation)
	}
	if err == nil && !slices.Contains(diffIDs, diffID) {
		err = fmt.Errorf("worker offered an analysis of %.80q, which is not a layer of its image", diffID)
	}
	if err == nil && p.Keep != nil {
		err = p.Keep(ctx, generation, diffID, data)
	}
	if err != nil {
		p.Logger.Warn("layer analysis is not kept", "error", err)
	}
}

// operatorError gives a worker that died at its start a code.
func operatorError(err error) error {
	var died *diedError
	if errors.As(err, &died) {
		return gate.NewError(gate.CodeUnavailable, "a worker process ended while it started", err)
	}
	return err
}

// acquire takes an idle worker whose database is current, or starts one.
func (p *Pool) acquire(ctx context.Context) (*process, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, gate.NewError(gate.CodeUnavailable, "no worker became free in time", ctx.Err())
	}
	for {
		w := p.pop()
		if w == nil {
			break
		}
		if p.Changed == nil || !p.Changed(w.database) {
			return w, nil
		}
		w.stop() // its database is an old one
	}
	w, err := p.start(ctx)
	if err != nil {
		<-p.slots
		return nil, err
	}
	p.mu.Lock()
	p.last = &w.database
	p.mu.Unlock()
	return w, nil
}

func (p *Pool) pop() *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	w := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return w
}

func (p *Pool) release(w *process) {
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.idle = append(p.idle, w)
	}
	p.mu.Unlock()
	if closed {
		w.stop()
	}
	<-p.slots
}

func (p *Pool) discard(w *process) {
	w.kill()
	w.stop()
	<-p.slots
}

// Close ends the idle workers; those at work end when their job does.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, w := range idle {
		w.stop()
	}
}
