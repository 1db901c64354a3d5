//go:build goexperiment.jsonv2

package scan

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	ftypes "github.com/aquasecurity/trivy/pkg/fanal/types"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/layer"
)

// Options configure a scanner.
type Options struct {
	// Database is the directory of trivy.db and metadata.json.
	Database string
	// JavaDatabase is the directory of trivy-java.db and its metadata.json;
	// empty: Java archives are named by what they say of themselves.
	JavaDatabase string
	Cache        Cache
	Limits       layer.Limits
	// Parallel is how many layers are read at once; default one a CPU.
	Parallel int
	// Budget is how many bytes of file content may be in memory at once;
	// default 96 MiB. It must exceed the size from which files spill to disk.
	Budget int64
	Logger *slog.Logger
}

// Analyzer is a gate.Analyzer that says which entries of a cache are its own.
type Analyzer interface {
	gate.Analyzer
	// Generation is what it passes to its Cache.
	Generation() string
}

// scanner implements Analyzer in this process.
type scanner struct {
	Options
	open       func() (gate.Database, error) // once; Trivy's handle is global
	generation string
	secrets    *secretScanner
	languages  *languages
	budget     *semaphore.Weighted
	parallel   int
}

const defaultBudget = 96 << 20

// setUp registers what Trivy keeps per process; its registries must not be
// written twice.
var setUp = sync.OnceFunc(func() {
	registerJar()
	silenceDefaultLogger()
})

// New makes a scanner. The database is opened when it is first needed, so that
// a reference or config that policy forbids is denied without one. A process
// makes one scanner: Trivy's database handle is global.
func New(o Options) (Analyzer, error) {
	setUp()
	if o.Parallel <= 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	if o.Budget <= 2*spillSize {
		o.Budget = defaultBudget
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Limits == (layer.Limits{}) {
		o.Limits = layer.DefaultLimits()
	}
	var java time.Time
	if o.JavaDatabase != "" {
		db, err := openJavaDatabase(o.JavaDatabase)
		if err != nil {
			return nil, err
		}
		javaInForce.Store(db)
		java = db.updatedAt
	}
	gen, err := generation(o.Limits, java)
	if err != nil {
		return nil, gate.NewError(gate.CodeInternal, "Trivy's analyzers cannot be started", err)
	}
	return &scanner{
		Options: o, generation: gen, secrets: newSecretScanner(), languages: newLanguages(),
		open: sync.OnceValues(func() (gate.Database, error) {
			d, err := openDatabase(o.Database)
			d.JavaUpdatedAt = java
			return d, err
		}),
		budget: semaphore.NewWeighted(o.Budget), parallel: o.Parallel,
	}, nil
}

// Database opens the database if that has not been done. The error is
// CodeUnavailable and says how to get one.
func (s *scanner) Database(context.Context) (gate.Database, error) { return s.open() }

// Generation implements Analyzer.
func (s *scanner) Generation() string { return s.generation }

// Analyze implements gate.Analyzer.
func (s *scanner) Analyze(ctx context.Context, img gate.Image, report gate.Report) (*gate.Analysis, error) {
	database, err := s.open()
	if err != nil {
		return nil, err
	}
	descriptors, diffIDs := img.Evidence.Manifest.Layers, img.Evidence.Config.DiffIDs
	if len(descriptors) != len(diffIDs) {
		return unreadable(database, fmt.Sprintf("the manifest lists %d layers and the config %d diffIDs", len(descriptors), len(diffIDs))), nil
	}
	progress := newProgress(report, img.Evidence.Platform, descriptors)
	results := make([]*layerResult, len(descriptors))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(s.parallel)
	for i := range descriptors {
		if j := slices.Index(diffIDs, diffIDs[i]); j < i {
			continue // the same layer twice: filled in below
		}
		g.Go(func() error {
			r, err := s.layer(gctx, img, i, progress)
			results[i] = r
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i := range results {
		results[i] = results[slices.Index(diffIDs, diffIDs[i])]
	}
	analysis, err := s.assemble(ctx, img, results)
	if err != nil {
		return nil, err
	}
	analysis.Database = database
	return analysis, nil
}

// unreadable is the analysis of an image whose layers cannot even be paired.
func unreadable(database gate.Database, message string) *gate.Analysis {
	return &gate.Analysis{
		Scan: gate.Scan{
			Scanner:  "trivy " + TrivyVersion,
			Problems: []gate.ScanProblem{{Kind: "layers-unreadable", Layer: -1, Message: message}},
		},
		Database: database,
	}
}

// layer returns what is known of one layer, reading it if need be.
func (s *scanner) layer(ctx context.Context, img gate.Image, i int, p *progress) (*layerResult, error) {
	diffID := img.Evidence.Config.DiffIDs[i]
	if s.Cache != nil {
		if data := s.Cache.Get(s.generation, diffID); data != nil {
			r, err := decodeResult(data)
			if err == nil && r.facts.DiffID == diffID {
				p.done(i)
				return r, nil
			}
			s.Logger.Warn("layer cache entry is unusable and will be made again", "diffID", diffID, "error", err)
		}
	}
	r, err := s.read(ctx, img, i, p)
	if err == nil && mayBeTransport(r.facts.Problem) && img.Repository != "" {
		// Bytes that a middle box or a bad disk spoilt may arrive whole
		// the second time; bytes that stay wrong are the image's fault.
		r, err = s.read(ctx, img, i, p)
	}
	if err != nil {
		return nil, err
	}
	if s.Cache != nil && r.cacheable() {
		data, err := r.encode()
		if err == nil {
			err = s.Cache.Put(s.generation, diffID, data)
		}
		if err != nil {
			s.Logger.Warn("layer analysis is not cached", "diffID", diffID, "error", err)
		}
	}
	return r, nil
}

func mayBeTransport(p *gate.LayerProblem) bool {
	if p == nil {
		return false
	}
	switch p.Kind {
	case gate.ProblemDigest, gate.ProblemSize, gate.ProblemTruncated, gate.ProblemFormat:
		return true
	}
	return false
}

// read makes the one pass over a layer.
func (s *scanner) read(ctx context.Context, img gate.Image, i int, p *progress) (*layerResult, error) {
	d := img.Evidence.Manifest.Layers[i]
	want := layer.Want{Digest: d.Digest, DiffID: img.Evidence.Config.DiffIDs[i], Size: d.Size, MediaType: d.MediaType}
	if facts := layer.Unreadable(want); facts != nil {
		return &layerResult{facts: facts}, nil
	}
	src, err := img.Blobs.Open(ctx, i, d)
	if err != nil {
		return nil, err
	}
	defer func() { _ = src.Close() }()
	scan, err := s.newLayerScan(ctx)
	if err != nil {
		return nil, gate.NewError(gate.CodeInternal, "Trivy's analyzers cannot be started", err)
	}
	facts, readErr := layer.Read(ctx, src, want, s.Limits, scan, p.at(i))
	blob, err := scan.finish(ctx, readErr)
	if err != nil {
		if gate.CodeOf(err) == gate.CodeInternal {
			err = gate.NewError(gate.CodeInternal, fmt.Sprintf("layer %s of %s could not be analyzed", d.Digest, img.Digest), err)
		}
		return nil, err
	}
	blob.DiffID, blob.Digest, blob.Size = want.DiffID, want.Digest, facts.Uncompressed
	blob.OpaqueDirs, blob.WhiteoutFiles = facts.Whiteouts()
	r := &layerResult{facts: facts, Blob: blob, Secrets: scan.found, Problems: scan.problems}
	r.own()
	return r, nil
}

// own notes what OS packages of the same layer, and programs that carry build
// information, own of what may be held against the image: secrets, keys, native
// programs. Then it drops the packages' file lists: nothing else needs them, and
// they are most of the bytes of a distribution's layer.
func (r *layerResult) own() {
	owner := map[string]string{}
	for i := range r.Blob.PackageInfos {
		packages := r.Blob.PackageInfos[i].Packages
		for j := range packages {
			r.Packaged = true
			r.Listed = r.Listed || len(packages[j].InstalledFiles) > 0
			for _, f := range packages[j].InstalledFiles {
				owner[merged(f)] = packages[j].Name
			}
			packages[j].InstalledFiles = nil
		}
	}
	built := map[string]bool{} // Go and Rust programs that say what is in them
	for _, app := range r.Blob.Applications {
		if app.Type == ftypes.GoBinary || app.Type == ftypes.RustBinary {
			built[merged(app.FilePath)] = true
		}
	}
	for i := range r.Secrets {
		r.Secrets[i].Package = owner[merged(r.Secrets[i].Path)]
	}
	for i := range r.facts.Findings {
		p := r.facts.Findings[i].Path
		if name := owner[merged(p)]; name != "" {
			if r.Owned == nil {
				r.Owned = map[string]string{}
			}
			r.Owned[p] = name
		}
	}
	for p := range r.native() {
		if owner[p] == "" && !built[p] && len(r.Unowned) < maxUnowned {
			r.Unowned = append(r.Unowned, p)
		}
	}
}

// native are the paths of the layer's ELF programs and libraries, merged.
func (r *layerResult) native() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range r.facts.Entries {
			if form, _ := r.facts.Form(&r.facts.Entries[i]); form != nil && form.Linked && !yield(merged(r.facts.Entries[i].Path)) {
				return
			}
		}
	}
}

// maxUnowned bounds the native programs of one layer that nobody owns.
const maxUnowned = 5000

// merged is a path as a merged /usr has it, so that a package that lists
// /bin/sh owns /usr/bin/sh.
func merged(p string) string {
	p = cleanAbs(p)
	for _, dir := range []string{"/bin/", "/sbin/", "/lib/", "/lib64/", "/lib32/", "/libx32/"} {
		if strings.HasPrefix(p, dir) {
			return "/usr" + p
		}
	}
	return p
}

// blobs are the layers' analyses in order.
func blobsOf(results []*layerResult) []ftypes.BlobInfo {
	blobs := make([]ftypes.BlobInfo, len(results))
	for i, r := range results {
		blobs[i] = r.Blob
		if blobs[i].SchemaVersion == 0 { // an unreadable layer was never analyzed
			blobs[i] = ftypes.BlobInfo{SchemaVersion: ftypes.BlobJSONSchemaVersion, DiffID: r.facts.DiffID}
		}
	}
	return blobs
}
