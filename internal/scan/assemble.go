//go:build goexperiment.jsonv2

package scan

import (
	"context"
	"path"
	"slices"
	"sync"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/layer"
)

// maxSecrets bounds the findings of one image.
const maxSecrets = 1000

// assemble turns the layers' results into the image's: the flattened view, the
// secrets with what became of their files, and the detected vulnerabilities.
func (s *scanner) assemble(ctx context.Context, img gate.Image, results []*layerResult) (*gate.Analysis, error) {
	facts := make([]*layer.Facts, len(results))
	for i, r := range results {
		facts[i] = r.facts
	}
	view := layer.Flatten(facts)
	contents := layer.Contents(facts, view, img.Evidence.Config, img.Evidence.Manifest.Layers)
	for i := range contents.Layers {
		contents.Layers[i].Cached = results[i].cached
	}
	var problems []gate.ScanProblem
	for i, r := range results {
		for _, f := range r.Secrets {
			f.Layer = i
			if by, removed := view.RemovedBy(i, f.Path); removed {
				f.Deleted, f.RemovedBy = true, by
			}
			contents.Secrets = append(contents.Secrets, f)
		}
		for _, p := range r.Problems {
			p.Layer = i
			problems = append(problems, p)
		}
	}
	for _, list := range [][]gate.SecretFile{contents.Keys, contents.Credentials, contents.Dumps} {
		for i := range list {
			list[i].Package = results[list[i].Layer].Owned[list[i].Path]
		}
	}
	layer.MarkUnowned(&contents, view, ownership(results))
	if some := func(is func(*layerResult) bool) bool { return slices.ContainsFunc(results, is) }; some(func(r *layerResult) bool { return r.Packaged }) && !some(func(r *layerResult) bool { return r.Listed }) {
		contents.Unowned = &gate.Unowned{Unlisted: true, Packed: contents.Unowned.Packed}
	}
	slices.SortStableFunc(contents.Secrets, func(a, b gate.Secret) int { return b.Severity.Rank() - a.Severity.Rank() })
	if len(contents.Secrets) > maxSecrets {
		contents.Secrets = contents.Secrets[:maxSecrets]
		contents.Truncated = append(contents.Truncated, "secrets")
	}
	scan, err := s.languages.detectAll(ctx, img.Digest, blobsOf(results))
	if err != nil {
		return nil, err
	}
	scan.Problems = problems
	return &gate.Analysis{Contents: contents, Scan: scan}, nil
}

// ownership tells which native programs a package of their layer owns, or carry
// build information.
func ownership(results []*layerResult) func(layer int, path string) bool {
	owned := make([]map[string]bool, len(results))
	for i, r := range results {
		owned[i] = map[string]bool{}
		for p := range r.native() {
			owned[i][p] = true
		}
		for _, p := range r.Unowned {
			delete(owned[i], p)
		}
	}
	return func(layer int, p string) bool { return owned[layer][merged(p)] }
}

func cleanAbs(p string) string { return path.Clean("/" + p) }

// progress adds up what the layers report.
type progress struct {
	report   gate.Report
	platform string
	layers   []gate.Descriptor

	mu    sync.Mutex
	bytes []int64
	sum   int64
	total int64
}

func newProgress(report gate.Report, platform string, layers []gate.Descriptor) *progress {
	p := &progress{report: report, platform: platform, layers: layers, bytes: make([]int64, len(layers))}
	for _, d := range layers {
		p.total += d.Size
	}
	return p
}

// at is the report function of layer i; n is bytes read so far.
func (p *progress) at(i int) func(n int64) {
	if p.report == nil {
		return nil
	}
	return func(n int64) {
		p.mu.Lock()
		p.sum += n - p.bytes[i]
		p.bytes[i] = n
		sum := p.sum
		p.mu.Unlock()
		p.report(gate.Progress{
			Step: gate.StepAnalyze, Platform: p.platform, Layer: i + 1, Layers: len(p.layers),
			Bytes: sum, Total: p.total, LayerBytes: n, LayerTotal: p.layers[i].Size,
		})
	}
}

// done reports layer i as whole without reading it.
func (p *progress) done(i int) {
	if f := p.at(i); f != nil {
		f(p.layers[i].Size)
	}
}
