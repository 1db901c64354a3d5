//go:build goexperiment.jsonv2

package corpus

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/imagegate/imagegate/internal/demo"
	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
	"github.com/imagegate/imagegate/internal/policy/check"
	"github.com/imagegate/imagegate/internal/registry"
	"github.com/imagegate/imagegate/internal/scan"
	"github.com/imagegate/imagegate/internal/scan/layercache"
	"github.com/imagegate/imagegate/internal/store"
)

// rig is the gate as it ships, but for a signer, over one registry.
type rig struct {
	*gate.Service
	registry *demo.Registry
	store    *store.Store
	pushed   *atomic.Int64 // images so far, for their names
}

// theRig is made once: Trivy's database handle is global, so that a process has
// one scanner.
var theRig = sync.OnceValues(func() (*rig, error) {
	dir, err := os.MkdirTemp("", "imagegate-corpus-")
	if err != nil {
		return nil, err
	}
	r := &rig{pushed: &atomic.Int64{}}
	atEnd = append(atEnd, func() { _ = os.RemoveAll(dir) })
	advisories, err := fixtures()
	if err != nil {
		return nil, err
	}
	if err := demo.WriteDatabase(filepath.Join(dir, "db"), time.Now(), advisories...); err != nil {
		return nil, err
	}
	analyzer, err := scan.New(scan.Options{Database: filepath.Join(dir, "db"), Cache: layercache.New(filepath.Join(dir, "layers"))})
	if err != nil {
		return nil, err
	}
	if r.registry, err = demo.StartRegistry(); err != nil {
		return nil, err
	}
	atEnd = append(atEnd, r.registry.Close)
	if r.store, err = store.Open(context.Background(), filepath.Join(dir, "gate.db")); err != nil {
		return nil, err
	}
	atEnd = append(atEnd, func() { _ = r.store.Close() })
	client, err := registry.New(registry.Options{Retries: 1, BaseHistory: r.store})
	if err != nil {
		return nil, err
	}
	ids := atomic.Int64{}
	r.Service = &gate.Service{
		Policies: policy.NewSet("", policy.Shipped()...), Resolver: client, Bases: client, Attachments: client, Analyzer: analyzer, Store: r.store,
		Now:   time.Now,
		NewID: func() string { return fmt.Sprintf("verdict-%d", ids.Add(1)) },
	}
	return r, nil
})

// atEnd is done when the tests have run, the last first.
var atEnd []func()

func TestMain(m *testing.M) {
	code := m.Run()
	for _, f := range slices.Backward(atEnd) {
		f()
	}
	os.Exit(code)
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r, err := theRig()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// with is the rig under one policy of its own.
func (r *rig) with(t testing.TB, rules string) *rig {
	t.Helper()
	p, err := policy.Load("corpus.yaml", []byte("apiVersion: image-policy.k8s.io/v1\nkind: ImagePolicy\nmetadata: {name: default}\nrules:\n"+rules))
	if err != nil {
		t.Fatal(err)
	}
	service := *r.Service
	service.Policies = policy.NewSet("", p...)
	return &rig{Service: &service, registry: r.registry, store: r.store, pushed: r.pushed}
}

// push puts an image or index into the registry, under a name of its own where
// repositoryTag is empty, and returns the reference with its digest.
func (r *rig) push(t testing.TB, repositoryTag string, what remote.Taggable) string {
	t.Helper()
	if repositoryTag == "" {
		repositoryTag = fmt.Sprintf("corpus/case-%d:1", r.pushed.Add(1))
	}
	tag, err := name.NewTag(r.registry.Host + "/" + repositoryTag)
	if err != nil {
		t.Fatal(err)
	}
	var digest v1.Hash
	switch what := what.(type) {
	case v1.ImageIndex:
		if err = remote.WriteIndex(tag, what); err == nil {
			digest, err = what.Digest()
		}
	case v1.Image:
		if err = remote.Write(tag, what); err == nil {
			digest, err = what.Digest()
		}
	default:
		t.Fatalf("a %T cannot be pushed", what)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tag.Context().Name() + "@" + digest.String()
}

// decided is what the gate said of an image, and what it saw.
type decided struct {
	gate.Verdict
	evidence *gate.Evidence
}

// judge asks the gate about a reference, and has it look at everything.
func (r *rig) judge(t testing.TB, reference string) decided {
	t.Helper()
	v, err := r.Evaluate(t.Context(), "", gate.Request{Image: reference, Full: true}, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.Decision == gate.Errored {
		t.Fatalf("no decision about %s: %+v", reference, v.Error)
	}
	ev, err := r.store.Evidence(t.Context(), v.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	return decided{v, ev}
}

// findings are those that deny, warn and are noted.
func (d decided) findings() []gate.Violation {
	return slices.Concat(d.Violations, d.Warnings, d.Notes)
}

// trap is one image that other tools are known to get wrong.
type trap struct {
	name  string
	image specimen
	// fires are the checks that must: "CRED-02", or "CRED-02 MEDIUM" where the
	// severity is the point, or "USER-05 unknown" where a check cannot tell. No
	// other check may deny the image.
	fires []string
	// silent are the checks that must neither fire nor be in doubt.
	silent []string
}

func TestTheImageThatTheTrapsAreMadeOfIsClean(t *testing.T) {
	r := newRig(t)
	d := r.judge(t, r.push(t, "", plain().built(t)))
	if d.Decision != gate.Pass {
		t.Errorf("%s: %s", d.Decision, told(d.Violations))
	}
	if len(d.Warnings) > 0 {
		t.Errorf("warned: %s", told(d.Warnings))
	}
	if s := d.evidence.Images[0].Scan; s.OS == nil || s.OS.Family != "wolfi" || s.OSPackages != 3 {
		t.Errorf("the scanner saw %+v and %d packages", s.OS, s.OSPackages)
	}
}

// run decides each trap and holds the findings against what it says.
func run(t *testing.T, traps []trap) {
	r := newRig(t)
	for _, tt := range traps {
		t.Run(tt.name, func(t *testing.T) {
			hold(t, r.judge(t, r.push(t, "", tt.image.built(t))), tt.fires, tt.silent)
		})
	}
}

// hold holds findings against the checks that must fire and stay silent.
func hold(t *testing.T, d decided, fires, silent []string) {
	t.Helper()
	expected := map[string]bool{}
	for _, f := range fires {
		id, how, _ := strings.Cut(f, " ")
		expected[id] = true
		known(t, id)
		if !slices.ContainsFunc(d.findings(), func(v gate.Violation) bool {
			return v.Check == id && (v.Outcome == "" && (how == "" || how == string(v.Severity)) || v.Outcome != "" && how == v.Outcome)
		}) {
			t.Errorf("%s does not fire; what does: %s", f, told(d.findings()))
		}
	}
	for _, v := range d.Violations {
		if !expected[v.Check] {
			t.Errorf("%s denies as well: %s", v.Check, v.Message)
		}
	}
	for _, id := range silent {
		known(t, id)
		for _, v := range d.findings() {
			if v.Check == id {
				t.Errorf("%s is not silent: %s", id, v.Message)
			}
		}
	}
}

// known fails on an id that is in no catalogue: a misspelt check is silent.
func known(t *testing.T, id string) {
	t.Helper()
	if check.ByID(id) == nil && !strings.HasPrefix(id, "VULN-") {
		t.Errorf("there is no check %s", id)
	}
}

// told lists findings for a message.
func told(findings []gate.Violation) string {
	var b strings.Builder
	for _, v := range findings {
		fmt.Fprintf(&b, "\n\t%s %s %s%s", v.Check, v.Severity, v.Outcome, v.Message)
	}
	return b.String()
}
