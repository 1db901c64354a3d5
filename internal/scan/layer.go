//go:build goexperiment.jsonv2

package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/aquasecurity/trivy/pkg/fanal/analyzer"
	"github.com/aquasecurity/trivy/pkg/fanal/artifact"
	"github.com/aquasecurity/trivy/pkg/fanal/handler"
	ftypes "github.com/aquasecurity/trivy/pkg/fanal/types"
	xio "github.com/aquasecurity/trivy/pkg/x/io"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/layer"
)

// layerScan is one layer's analysis: a layer.Visitor that hands each file to
// Trivy's analyzers and to the secret scanner while the stream passes.
type layerScan struct {
	group   analyzer.AnalyzerGroup
	logs    *collector
	secrets *secretScanner
	budget  *semaphore.Weighted
	result  *analyzer.AnalysisResult
	post    *postFiles

	tasks *errgroup.Group // secret scans
	files *errgroup.Group // Trivy's file analyzers
	limit *semaphore.Weighted
	ctx   context.Context // the files group's

	mu       sync.Mutex
	found    []gate.Secret
	problems []gate.ScanProblem
}

// maxLayerSecrets bounds the findings of one layer; a layer with more is
// condemned by the first as surely as by the last.
const maxLayerSecrets = 500

func (s *scanner) newLayerScan(ctx context.Context) (*layerScan, error) {
	logs := &collector{}
	group, err := newGroup(logs)
	if err != nil {
		return nil, err
	}
	l := &layerScan{
		group: group, logs: logs, secrets: s.secrets, budget: s.budget,
		result: analyzer.NewAnalysisResult(), post: newPostFiles(),
		limit: semaphore.NewWeighted(int64(s.parallel)),
	}
	l.tasks = &errgroup.Group{}
	l.tasks.SetLimit(s.parallel)
	l.files, l.ctx = errgroup.WithContext(ctx)
	return l, nil
}

// Wants is true for every regular file that holds something: the secret
// scanner decides by content.
func (l *layerScan) Wants(e *layer.Entry) bool { return e.Size > 0 }

// File analyzes one file. The content is read at most once, and only when
// something wants it.
func (l *layerScan) File(ctx context.Context, e *layer.Entry, r io.Reader) error {
	name, info := strings.TrimPrefix(e.Path, "/"), fileInfo{e}
	head := &headReader{r: r}
	c := newContent(ctx, l.budget, e.Size, head)
	defer c.done()
	open := func() (xio.ReadSeekCloserAt, error) { return c.reader() }

	if err := l.group.AnalyzeFile(l.ctx, l.files, l.limit, l.result, "", name, info, open, nil, analyzer.AnalysisOptions{Offline: true}); err != nil {
		return err
	}
	if types := l.group.RequiredPostAnalyzers(name, info); len(types) > 0 {
		err := l.post.add(types, name, info, open)
		if errors.Is(err, errNoPlace) {
			l.problem(gate.ScanProblem{Kind: "file-skipped", Path: "/" + name, Message: err.Error()})
		} else if err != nil {
			return err
		}
	}
	beginning, err := head.peek()
	if err != nil {
		return err
	}
	if !l.secrets.worth(name, e.Size, beginning) {
		return nil
	}
	content, err := c.reader()
	if err != nil {
		return err
	}
	l.tasks.Go(func() error {
		defer func() { _ = content.Close() }()
		secrets, err := l.secrets.scan(name, content)
		if err != nil {
			l.problem(gate.ScanProblem{Kind: "secret-scan-error", Path: "/" + name, Message: bounded(err.Error(), 300)})
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, f := range secrets {
			if len(l.found) < maxLayerSecrets {
				l.found = append(l.found, f)
			}
		}
		return nil
	})
	return nil
}

func (l *layerScan) problem(p gate.ScanProblem) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.problems) < maxRecords {
		l.problems = append(l.problems, p)
	}
}

// finish waits for the analyzers, runs the post-analyzers and puts the layer's
// result together. readErr is how the pass ended; Trivy's own error comes
// first, because it cancels the pass.
func (l *layerScan) finish(ctx context.Context, readErr error) (ftypes.BlobInfo, error) {
	defer l.post.close()
	_ = l.tasks.Wait() // its functions return nil
	if err := l.files.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return ftypes.BlobInfo{}, err
	}
	if readErr != nil {
		return ftypes.BlobInfo{}, readErr
	}
	composite, err := l.post.composite()
	if err != nil {
		return ftypes.BlobInfo{}, err
	}
	defer func() { _ = composite.Cleanup() }()
	if err := l.group.PostAnalyze(ctx, composite, l.result, analyzer.AnalysisOptions{Offline: true}); err != nil {
		if ctx.Err() != nil {
			return ftypes.BlobInfo{}, ctx.Err()
		}
		l.problem(gate.ScanProblem{Kind: "analyzer-error", Message: bounded(err.Error(), 300)})
	}
	l.result.Sort()
	r := l.result
	blob := ftypes.BlobInfo{
		SchemaVersion: ftypes.BlobJSONSchemaVersion,
		OS:            r.OS, Repository: r.Repository, PackageInfos: r.PackageInfos, Applications: r.Applications,
		BuildInfo: r.BuildInfo,
	}
	for _, gap := range r.CustomResources {
		if gap.Type == javaGap || gap.Type == javaUnknown {
			l.problem(gate.ScanProblem{Kind: gap.Type, Path: gap.FilePath, Message: fmt.Sprint(gap.Data)})
		}
	}
	manager, err := handler.NewManager(artifact.Option{})
	if err != nil {
		return ftypes.BlobInfo{}, err
	}
	if err := manager.PostHandle(ctx, l.result, &blob); err != nil {
		l.problem(gate.ScanProblem{Kind: "analyzer-error", Message: bounded(err.Error(), 300)})
	}
	for _, record := range l.logs.take() {
		l.problem(gate.ScanProblem{Kind: "analyzer-error", Message: record.message + ": " + record.detail})
	}
	return blob, nil
}

// fileInfo shows a layer entry as Trivy's analyzers want it.
type fileInfo struct{ *layer.Entry }

func (f fileInfo) Name() string       { return path.Base(f.Entry.Path) }
func (f fileInfo) Size() int64        { return f.Entry.Size }
func (f fileInfo) IsDir() bool        { return false }
func (f fileInfo) ModTime() time.Time { return time.Time{} } // no analyzer asks
func (f fileInfo) Sys() any           { return nil }
func (f fileInfo) Mode() fs.FileMode  { return fs.FileMode(f.Entry.Mode & 0o777) }

// headReader remembers the first bytes that pass, so that what has been read
// and what has not can both be told apart from binaries.
type headReader struct {
	r    io.Reader
	head []byte
	sent int
}

// headSize is how much Trivy looks at to tell text from binary.
const headSize = 300

// peek returns the first bytes without consuming them.
func (h *headReader) peek() ([]byte, error) {
	if h.head == nil {
		buf := make([]byte, headSize)
		n, err := io.ReadFull(h.r, buf)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return nil, err
		}
		h.head = buf[:n]
	}
	return h.head, nil
}

func (h *headReader) Read(p []byte) (int, error) {
	if _, err := h.peek(); err != nil {
		return 0, err
	}
	if h.sent < len(h.head) {
		n := copy(p, h.head[h.sent:])
		h.sent += n
		return n, nil
	}
	return h.r.Read(p)
}
