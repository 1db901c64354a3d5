package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// The test binary is its own worker: TestMain serves when it is started with
// the argument below, with an analyzer that does what the image's digest says.
const workerArg = "serve-as-worker"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == workerArg {
		link := NewLink(os.Stdin, os.Stdout)
		err := Serve(context.Background(), link, ServeOptions{
			Analyzer: behaving{link: link, temp: os.Args[2]},
			Image: func(repository, digest string, _, rawConfig, credentials []byte) (gate.Image, error) {
				return gate.Image{Repository: repository, Digest: digest, RawConfig: append(rawConfig, credentials...)}, nil
			},
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// behaving is the analyzer in the child process.
type behaving struct {
	link *Link
	temp string
}

func (b behaving) Database(context.Context) (gate.Database, error) {
	if os.Getenv("NO_DATABASE") != "" {
		return gate.Database{}, gate.NewError(gate.CodeUnavailable, "there is no database", nil)
	}
	return gate.Database{Version: 2, UpdatedAt: time.Unix(1000, 0).UTC()}, nil
}

func (b behaving) Generation() string {
	if g := os.Getenv("GENERATION"); g != "" {
		return g
	}
	return "0123456789abcdef"
}

func (b behaving) Analyze(_ context.Context, img gate.Image, report gate.Report) (*gate.Analysis, error) {
	a := &gate.Analysis{Contents: gate.Contents{Complete: true, Files: os.Getpid()}}
	switch img.Digest {
	case "dies":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Hour)
	case "dies once":
		marker := os.Getenv("MARKER")
		if _, err := os.Stat(marker); err != nil {
			_ = os.WriteFile(marker, nil, 0o600)
			panic("the first time")
		}
	case "hangs":
		time.Sleep(time.Hour) // a bare select would be called a deadlock, and end it
	case "leaves files":
		if err := os.WriteFile(filepath.Join(b.temp, "left"), nil, 0o600); err != nil {
			return nil, err
		}
	case "reports":
		report(gate.Progress{Layer: 1, LayerBytes: 5, LayerTotal: 5})
	case "keeps":
		_ = b.link.Keep("0123456789abcdef", "sha256:mine", []byte("facts"))
		_ = b.link.Keep("0123456789abcdef", "sha256:another", []byte("poison"))
		_ = b.link.Keep("fedcba9876543210", "sha256:mine", []byte("poison"))
	case "caches":
		return b.caches()
	case "refuses":
		return nil, gate.NewError(gate.CodeUnauthorized, "the registry refused", nil)
	case "eats memory":
		var hold [][]byte
		for {
			hold = append(hold, bytes.Repeat([]byte{1}, 64<<20)) //nolint:staticcheck // holding it is the point
		}
	case "tells":
		a.Scan.Scanner = strings.Join(os.Environ(), "\n") + "\n" + string(img.RawConfig)
	}
	return a, nil
}

func newPool(t *testing.T, change func(*Options)) *Pool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Executable: self, Args: func(temp string) []string { return []string{workerArg, temp} },
		TempParent: t.TempDir(), Size: 2, Timeout: 30 * time.Second, MemoryLimit: 128 << 20,
	}
	if change != nil {
		change(&o)
	}
	p := New(o)
	t.Cleanup(p.Close)
	return p
}

func image(digest string) gate.Image {
	return gate.Image{Repository: "registry.example/app", Digest: digest, Evidence: gate.ImageEvidence{Config: gate.Config{DiffIDs: []string{"sha256:mine"}}}}
}

func TestOneWorkerServesManyJobs(t *testing.T) {
	p := newPool(t, nil)
	pids := map[int]bool{}
	for range 5 {
		a, err := p.Analyze(t.Context(), image("plain"), nil)
		if err != nil {
			t.Fatal(err)
		}
		pids[a.Contents.Files] = true
	}
	if len(pids) != 1 {
		t.Errorf("five jobs in a row took %d processes, want one", len(pids))
	}
}

func TestAWorkerThatDiesOnceCostsNothing(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "died")
	p := newPool(t, func(o *Options) { o.Env = []string{"MARKER=" + marker} })
	if _, err := p.Analyze(t.Context(), image("dies once"), nil); err != nil {
		t.Errorf("the image was not tried again: %v", err)
	}
}

func TestAWorkerThatDiesTwiceCostsOneEvaluation(t *testing.T) {
	p := newPool(t, nil)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := p.Analyze(t.Context(), image("dies"), nil); gate.CodeOf(err) != gate.CodeLimit {
			t.Errorf("got %v, want a limit error", err)
		}
	})
	wg.Go(func() {
		for range 10 {
			if _, err := p.Analyze(t.Context(), image("plain"), nil); err != nil {
				t.Errorf("another image suffered: %v", err)
			}
		}
	})
	wg.Wait()
}

func TestAWorkerThatEatsMemoryIsStopped(t *testing.T) {
	p := newPool(t, func(o *Options) { o.MemoryLimit = 64 << 20 })
	if _, err := p.Analyze(t.Context(), image("eats memory"), nil); gate.CodeOf(err) != gate.CodeLimit {
		t.Errorf("got %v, want a limit error", err)
	}
}

func TestAHangingWorkerIsKilledAtItsTimeLimit(t *testing.T) {
	p := newPool(t, func(o *Options) { o.Timeout = 300 * time.Millisecond })
	_, err := p.Analyze(t.Context(), image("hangs"), nil)
	if gate.CodeOf(err) != gate.CodeUnavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := p.Analyze(t.Context(), image("plain"), nil); err != nil {
		t.Errorf("the next image suffered: %v", err)
	}
}

func TestTheWorkersEnvironmentHoldsNothingOfOurs(t *testing.T) {
	t.Setenv("COSIGN_PASSWORD", "hunter2")
	p := newPool(t, func(o *Options) {
		o.Credentials = func(_ context.Context, repository string) ([]byte, error) {
			return []byte("credentials of " + repository), nil
		}
	})
	a, err := p.Analyze(t.Context(), image("tells"), nil)
	if err != nil {
		t.Fatal(err)
	}
	told := a.Scan.Scanner
	if strings.Contains(told, "hunter2") || strings.Contains(told, "COSIGN") {
		t.Errorf("the worker knows the key's password:\n%s", told)
	}
	for _, want := range []string{"TMPDIR=", "GOMEMLIMIT=", "credentials of registry.example/app"} {
		if !strings.Contains(told, want) {
			t.Errorf("the worker was not told %s:\n%s", want, told)
		}
	}
}

func TestOnlyLayersOfTheImageAtHandAreKept(t *testing.T) {
	kept := map[string]string{}
	p := newPool(t, func(o *Options) {
		o.Keep = func(_ context.Context, generation, diffID string, data []byte) error {
			kept[generation+" "+diffID] = string(data)
			return nil
		}
	})
	if _, err := p.Analyze(t.Context(), image("keeps"), nil); err != nil {
		t.Fatal(err)
	}
	if len(kept) != 1 || kept["0123456789abcdef sha256:mine"] != "facts" {
		t.Errorf("kept %v", kept)
	}
}

func TestLayersAreFetchedBeforeTheWorkerBegins(t *testing.T) {
	var fetched []string
	p := newPool(t, func(o *Options) {
		o.Fetch = func(_ context.Context, generation string, diffIDs []string) {
			fetched = append(append(fetched, generation), diffIDs...)
		}
	})
	if _, err := p.Analyze(t.Context(), image("reports"), func(gate.Progress) {
		if len(fetched) != 2 || fetched[0] != "0123456789abcdef" || fetched[1] != "sha256:mine" {
			t.Errorf("when the worker reports, what was fetched is %q", fetched)
		}
	}); err != nil || len(fetched) != 2 {
		t.Errorf("fetched %q, %v", fetched, err)
	}
}

func TestAWorkerNamesItsGenerationAsOneIsNamed(t *testing.T) {
	for _, named := range []string{"../../../../etc", "0123456789ABCDEF", strings.Repeat("a", 1000)} {
		p := newPool(t, func(o *Options) { o.Env = []string{"GENERATION=" + named} })
		if _, err := p.Database(t.Context()); gate.CodeOf(err) != gate.CodeUnavailable || len(err.Error()) > 500 {
			t.Errorf("a worker of generation %.20q: %v", named, err)
		}
	}
}

func TestErrorsAndProgressComeThrough(t *testing.T) {
	p := newPool(t, nil)
	if _, err := p.Analyze(t.Context(), image("refuses"), nil); gate.CodeOf(err) != gate.CodeUnauthorized {
		t.Errorf("got %v", err)
	}
	var got gate.Progress
	if _, err := p.Analyze(t.Context(), image("reports"), func(r gate.Progress) { got = r }); err != nil || got.LayerBytes != 5 {
		t.Errorf("progress %+v, error %v", got, err)
	}
}

func TestAWorkerWithoutDatabaseSaysSo(t *testing.T) {
	p := newPool(t, func(o *Options) { o.Env = []string{"NO_DATABASE=1"} })
	if _, err := p.Database(t.Context()); gate.CodeOf(err) != gate.CodeUnavailable || !strings.Contains(err.Error(), "no database") {
		t.Errorf("got %v", err)
	}
}

func TestANewDatabaseIsANewWorker(t *testing.T) {
	changed := false
	p := newPool(t, func(o *Options) { o.Changed = func(gate.Database) bool { return changed } })
	before, err := p.Analyze(t.Context(), image("plain"), nil)
	if err != nil {
		t.Fatal(err)
	}
	changed = true
	after, err := p.Analyze(t.Context(), image("plain"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if before.Contents.Files == after.Contents.Files {
		t.Error("the worker with the old database took new work")
	}
}

func TestTemporaryFilesGoWithTheWorker(t *testing.T) {
	parent := t.TempDir()
	p := newPool(t, func(o *Options) { o.TempParent = parent })
	if _, err := p.Analyze(t.Context(), image("leaves files"), nil); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if entries, _ := os.ReadDir(parent); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func FuzzParseLayerFrame(f *testing.F) {
	f.Add(layerFrame("0123456789abcdef", "sha256:mine", []byte("facts")))
	f.Add([]byte{0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		generation, diffID, data, err := parseLayerFrame(b)
		if err == nil && len(generation)+len(diffID)+len(data) > len(b) {
			t.Errorf("more came out than went in: %q %q %q of %q", generation, diffID, data, b)
		}
	})
}
