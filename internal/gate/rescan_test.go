package gate_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// published adds a vulnerability with a fix to every scan from now on.
func published(id string, severity gate.Severity, score float64) func(*gate.Analysis) {
	return func(a *gate.Analysis) {
		a.Scan.Vulnerabilities = append(a.Scan.Vulnerabilities, gate.Vulnerability{
			ID: id, Package: "openssl", Type: "debian", Installed: "3.0.9-1", Fixed: "3.0.11-1", Severity: severity, SeveritySource: "nvd", CVSS: map[string]gate.CVSS{"nvd": {V3Score: score}},
		})
	}
}

// rescan decides everything again, with the registry switched off.
func (r *rig) rescan(t *testing.T) gate.Rescan {
	t.Helper()
	r.Layers = func(string) gate.Blobs { return nil } // the scanner opens none
	id := r.NewID()
	if _, err := r.store.CreateRescan(t.Context(), id, "", r.Now(), func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	r.down.Store(true)
	defer r.down.Store(false)
	r.requests.Store(0)
	if err := r.Rescan(t.Context(), id, r.store, 2); err != nil {
		t.Fatal(err)
	}
	if n := r.requests.Load(); n != 0 {
		t.Errorf("the rescan asked the registry %d times", n)
	}
	out, err := r.store.Rescan(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (r *rig) after(d time.Duration) { r.now.Store(r.now.Load() + int64(d/time.Second)) }

func (r *rig) admit(t *testing.T, image string) gate.Admission {
	t.Helper()
	a, err := r.Admit(t.Context(), image, "")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestARescanRenewsWhatPassesAndWithdrawsWhatFailsAfterItsGrace(t *testing.T) {
	r := newRig(t)
	good, digest := r.push(t, "good", nil)
	other, _ := r.push(t, "other", nil)
	root, _ := r.push(t, "root", nil)
	for _, image := range []string{good, other, root} {
		r.ask(t, gate.Request{Image: image})
	}
	r.after(24 * time.Hour)
	r.scanner.database.UpdatedAt = r.Now().Add(-time.Hour)
	if out := r.rescan(t); out.Passed != 3 || out.Done != 3 || out.State != gate.Done || len(out.NewlyFailing) != 0 {
		t.Fatalf("nothing was published: %+v", out)
	}
	r.after(40 * time.Hour) // the first verdicts are over, the renewed ones are not
	if a := r.admit(t, good); !a.Allowed || a.Digest != digest || a.Pinned != good+"@"+digest {
		t.Errorf("renewed: %+v", a)
	}

	r.scanner.change = published("CVE-2026-1", gate.SeverityHigh, 8.1)
	r.scanner.database.UpdatedAt = r.Now().Add(-time.Hour)
	out := r.rescan(t)
	if out.Failed != 3 || len(out.NewlyFailing) != 3 || !strings.Contains(out.NewlyFailing[0].Reason, "CVE-2026-1") {
		t.Fatalf("%+v", out)
	}
	until := r.Now().Add(7 * 24 * time.Hour)
	if got := out.NewlyFailing[0].GraceUntil; !got.Equal(until) {
		t.Errorf("HIGH has grace until %s, want %s", got, until)
	}
	if a := r.admit(t, good); !a.Allowed || !strings.Contains(a.Warning, "CVE-2026-1") {
		t.Errorf("in its grace: %+v", a)
	}

	// The nights after do not begin the grace anew.
	for range 6 {
		r.after(24 * time.Hour)
		r.scanner.database.UpdatedAt = r.Now().Add(-time.Hour)
		if out := r.rescan(t); out.Failed != 3 || !out.NewlyFailing[0].GraceUntil.Equal(until) {
			t.Fatalf("%+v", out)
		}
	}
	// A worse one that comes later has a clock of its own.
	r.scanner.change = func(a *gate.Analysis) {
		published("CVE-2026-1", gate.SeverityHigh, 8.1)(a)
		published("CVE-2026-2", gate.SeverityCritical, 9.8)(a)
	}
	r.scanner.database.UpdatedAt = r.Now()
	if out := r.rescan(t); !out.NewlyFailing[0].GraceUntil.Equal(until) { // 48 h from now is after that
		t.Errorf("%s, want %s", out.NewlyFailing[0].GraceUntil, until)
	}
	r.after(25 * time.Hour)
	if a := r.admit(t, good); a.Allowed || a.Undecided || !strings.Contains(a.Reason, "its grace ended") {
		t.Errorf("after its grace: %+v", a)
	}
	r.scanner.database.UpdatedAt = r.Now()
	if out := r.rescan(t); out.Total != 0 {
		t.Errorf("what is refused is not rescanned: %+v", out)
	}
}

func TestANewBuildGetsNoGrace(t *testing.T) {
	r := newRig(t)
	r.scanner.change = published("CVE-2026-1", gate.SeverityHigh, 8.1)
	image, _ := r.push(t, "new", nil)
	v := r.ask(t, gate.Request{Image: image})
	if v.Decision != gate.Fail || !v.GraceUntil.IsZero() {
		t.Errorf("%s until %s", v.Decision, v.GraceUntil)
	}
	if a := r.admit(t, image); a.Allowed {
		t.Errorf("%+v", a)
	}
	// Asked again, it is still a new build.
	r.scanner.database.UpdatedAt = r.Now()
	if v := r.ask(t, gate.Request{Image: image}); !v.GraceUntil.IsZero() {
		t.Errorf("asking again gives grace until %s", v.GraceUntil)
	}
}

func TestGraceIsForPublishedVulnerabilitiesOnly(t *testing.T) {
	r := newRig(t)
	image, _ := r.push(t, "app", nil)
	r.ask(t, gate.Request{Image: image})
	r.after(time.Hour)
	r.scanner.database.UpdatedAt = r.Now()
	r.scanner.change = func(a *gate.Analysis) {
		published("CVE-2026-1", gate.SeverityHigh, 8.1)(a)
		a.Contents.Secrets = []gate.Secret{{RuleID: "aws-access-key-id", Title: "AWS Access Key ID", Severity: gate.SeverityCritical, Path: "/srv/.env", Layer: 0}}
	}
	out := r.rescan(t)
	if out.Failed != 1 || !out.NewlyFailing[0].GraceUntil.IsZero() {
		t.Errorf("a secret that a better rule finds gets grace: %+v", out)
	}
}

func TestAnImageThatCannotBeDecidedKeepsItsStanding(t *testing.T) {
	r := newRig(t)
	image, _ := r.push(t, "app", nil)
	r.ask(t, gate.Request{Image: image})
	r.scanner.database.UpdatedAt = r.Now()
	r.scanner.lies = true
	out := r.rescan(t)
	if out.Errors != 1 || len(out.Undecided) != 1 || out.Undecided[0].Reason == "" {
		t.Fatalf("%+v", out)
	}
	if a := r.admit(t, image); !a.Allowed {
		t.Errorf("a defect of the scanner took an approval back: %+v", a)
	}
}

func TestARescanThatIsInterruptedGoesOn(t *testing.T) {
	r := newRig(t)
	r.Layers = func(string) gate.Blobs { return nil }
	for _, name := range []string{"a", "b", "c", "d"} {
		image, _ := r.push(t, name, nil)
		r.ask(t, gate.Request{Image: image})
	}
	r.scanner.calls.Store(0)
	if _, err := r.store.CreateRescan(t.Context(), "rescan", "", r.Now(), func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r.scanner.change = func(*gate.Analysis) {
		if r.scanner.calls.Load() == 2 {
			cancel()
		}
	}
	if err := r.Rescan(ctx, "rescan", r.store, 1); err == nil {
		t.Fatal("it was not interrupted")
	}
	half, err := r.store.Rescan(t.Context(), "rescan")
	if err != nil || half.Done == 0 || half.Done == 4 || half.State != gate.Running {
		t.Fatalf("%+v %v", half, err)
	}
	if err := r.Rescan(t.Context(), "rescan", r.store, 1); err != nil {
		t.Fatal(err)
	}
	whole, err := r.store.Rescan(t.Context(), "rescan")
	if err != nil || whole.Done != 4 || whole.Passed != 4 || whole.State != gate.Done {
		t.Errorf("%+v %v", whole, err)
	}
	if calls := r.scanner.calls.Load(); calls > 5 {
		t.Errorf("%d analyses for four images: what was done is done again", calls)
	}
}

func TestAWaiverForOneRepositoryAdmitsAndSignsNoOther(t *testing.T) {
	r := newRig(t)
	image, digest := r.push(t, "team/app", nil)
	r.ask(t, gate.Request{Image: image})
	if a := r.admit(t, r.host+"/other/app@"+digest); a.Allowed || !a.Undecided {
		t.Errorf("the same bytes elsewhere: %+v", a)
	}
	if v, err := r.SignDigest(t.Context(), r.host+"/other/app", digest, ""); gate.CodeOf(err) != gate.CodeConflict {
		t.Errorf("signed elsewhere: %+v %v", v.Signature, err)
	}
}

// verifier says what the test wants.
type verifier struct {
	ok     bool
	reason string
	err    error
}

func (v verifier) Verified(context.Context, string, string) (bool, string, error) {
	return v.ok, v.reason, v.err
}

func TestVerifyingWantsBothSignatureAndVerdict(t *testing.T) {
	r := newRig(t)
	image, digest := r.push(t, "app", nil)
	ask := func() (gate.Verification, error) { return r.Verify(t.Context(), image, "") }
	if _, err := ask(); gate.CodeOf(err) != gate.CodeConflict {
		t.Errorf("a gate without a key: %v", err)
	}
	r.Verifier = verifier{ok: true}
	if v, err := ask(); err != nil || v.Accepted || !v.Signature.OK || v.Verdict.OK || v.Digest != digest {
		t.Errorf("signed by the key elsewhere, never decided here: %+v %v", v, err)
	}
	r.ask(t, gate.Request{Image: image})
	if v, err := ask(); err != nil || !v.Accepted {
		t.Errorf("%+v %v", v, err)
	}
	r.Verifier = verifier{reason: "there is none"}
	if v, err := ask(); err != nil || v.Accepted || v.Signature.Reason != "there is none" || !v.Verdict.OK {
		t.Errorf("%+v %v", v, err)
	}
	r.after(49 * time.Hour)
	r.Verifier = verifier{ok: true}
	if v, err := ask(); err != nil || v.Accepted || !strings.Contains(v.Verdict.Reason, "expired") {
		t.Errorf("%+v %v", v, err)
	}
	r.Verifier = verifier{err: gate.NewError(gate.CodeUnavailable, "the registry is away", nil)}
	if _, err := ask(); gate.CodeOf(err) != gate.CodeUnavailable {
		t.Errorf("%v", err)
	}
}

func TestWithinComparesWholePathComponents(t *testing.T) {
	for image, want := range map[string]bool{
		"r.example/team/app": true, "r.example/teams/app": false, "r.example.evil.com/team/app": false, "nginx": true, "docker.io/library/nginx": true, "docker.io/other/nginx": false, "x.example:5000/a": true, "x.example/a": false,
	} {
		ref, err := gate.ParseReference(image)
		if err != nil {
			t.Fatal(err)
		}
		if got := ref.Within([]string{"r.example/team/", "index.docker.io/library", "x.example:5000", ""}); got != want {
			t.Errorf("%s (%s): %t", image, ref.Repository, got)
		}
	}
}
