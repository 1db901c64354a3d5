package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/imagegate/imagegate/internal/gate"
)

// onImage is a verdict on a digest of a repository.
func onImage(id, image, digest string, d gate.Decision, at time.Time) gate.Recording {
	v := verdict(id, d, at)
	v.Image, v.Digest = image, digest
	ref, err := gate.ParseReference(image)
	if err != nil {
		panic(err)
	}
	r := gate.Recording{Verdict: v, Evidence: &gate.Evidence{Reference: ref, Digest: digest}}
	r.Standing = gate.StandingOf(v, r.Evidence)
	return r
}

func TestStandingsFollowTheNewestPassOrFail(t *testing.T) {
	s := openTest(t)
	ctx := t.Context()
	ask := func() string {
		standing, err := s.Standing(ctx, "r.example/app", "sha256:d", "sha256:p")
		if err != nil {
			t.Fatal(err)
		}
		if standing == nil {
			return "none"
		}
		return standing.VerdictID + " " + string(standing.Decision)
	}
	if got := ask(); got != "none" {
		t.Error(got)
	}
	for _, step := range []struct {
		recording gate.Recording
		want      string
	}{
		{onImage("1", "r.example/app:1", "sha256:d", gate.Pass, noon), "1 pass"},
		{onImage("2", "r.example/app:1", "sha256:d", gate.Errored, noon.Add(time.Hour)), "1 pass"},
		{onImage("3", "r.example/app:1", "sha256:d", gate.Fail, noon.Add(2*time.Hour)), "3 fail"},
		{onImage("4", "r.example/app:1", "sha256:d", gate.Pass, noon.Add(time.Hour)), "3 fail"}, // was decided before
		{onImage("5", "r.example/other:1", "sha256:d", gate.Pass, noon.Add(3*time.Hour)), "3 fail"},
	} {
		if step.recording.Standing != nil {
			step.recording.Standing.Policy.Digest = "sha256:p"
		}
		if _, err := s.Record(ctx, step.recording); err != nil {
			t.Fatal(err)
		}
		if got := ask(); got != step.want {
			t.Errorf("after %s: %s, want %s", step.recording.Verdict.ID, got, step.want)
		}
	}
}

func TestTagsMeanTheDigestDecidedLast(t *testing.T) {
	s := openTest(t)
	for _, r := range []gate.Recording{
		onImage("1", "r.example/app:1", "sha256:a", gate.Pass, noon),
		onImage("2", "r.example/app:1", "sha256:b", gate.Fail, noon.Add(time.Hour)),
		onImage("3", "r.example/app:1", "sha256:c", gate.Errored, noon.Add(2*time.Hour)),
		onImage("4", "r.example/app:1@"+digestOf("e"), digestOf("e"), gate.Pass, noon.Add(3*time.Hour)), // the tag is decoration
		onImage("5", "r.example/app:1", "sha256:a", gate.Pass, noon.Add(-time.Hour)),
	} {
		if _, err := s.Record(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Tag(t.Context(), "r.example/app", "1"); err != nil || got != "sha256:b" {
		t.Errorf("%q %v", got, err)
	}
	if got, err := s.Tag(t.Context(), "r.example/app", "2"); err != nil || got != "" {
		t.Errorf("%q %v", got, err)
	}
}

func digestOf(c string) string { return "sha256:" + fmt.Sprintf("%064s", c) }

func TestObjectsComeBackAsTheyWereAndOnlySo(t *testing.T) {
	s := openTest(t)
	body := []byte(`{"schemaVersion":2}`)
	const digest = "sha256:ebf34c50ecbdb38d11e6ddb5cf5d2e3b7e0ba8e6b50a4b4c6d0a1a5d6ef3b2ac"
	r := onImage("1", "r.example/app:1", "sha256:a", gate.Pass, noon)
	r.Objects = map[string][]byte{digest: body}
	if _, err := s.Record(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	// The bytes have another digest than the name they are stored under.
	if _, err := s.Object(t.Context(), digest); gate.CodeOf(err) != gate.CodeInternal {
		t.Errorf("bytes of another digest: %v", err)
	}
	if _, err := s.Object(t.Context(), "sha256:none"); gate.CodeOf(err) != gate.CodeNotFound {
		t.Errorf("an object nobody stored: %v", err)
	}
}

func TestARescanTakesWhatIsAdmittedAndGoesOnAfterARestart(t *testing.T) {
	path := newDatabase(t)
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return noon.Add(time.Hour) }
	graced := onImage("graced", "r.example/c:1", "sha256:c", gate.Fail, noon)
	graced.Standing.GraceUntil = noon.Add(2 * time.Hour)
	ended := onImage("ended", "r.example/d:1", "sha256:d", gate.Fail, noon)
	ended.Standing.GraceUntil = noon.Add(time.Minute)
	newer := onImage("newer", "r.example/e:1", "sha256:e", gate.Fail, noon.Add(time.Minute))
	newer.Standing.Policy.Digest = "sha256:changed"
	for _, r := range []gate.Recording{
		onImage("a", "r.example/a:1", "sha256:a", gate.Pass, noon), onImage("b", "r.example/b:1", "sha256:b", gate.Fail, noon), graced, ended,
		onImage("e", "r.example/e:1", "sha256:e", gate.Pass, noon), newer, onImage("f", "other.example/f:1", "sha256:f", gate.Pass, noon),
	} {
		if _, err := s.Record(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.CreateRescan(t.Context(), "rescan", "r.example/**", s.now(), func(repository string) bool { return repository[:2] == "r." })
	if err != nil || r.Total != 2 || r.State != gate.Queued {
		t.Fatalf("%+v %v", r, err)
	}
	if _, err := s.CreateRescan(t.Context(), "second", "", s.now(), func(string) bool { return true }); gate.CodeOf(err) != gate.CodeConflict {
		t.Errorf("a second rescan beside it: %v", err)
	}
	items, err := s.NextRescanItems(t.Context(), "rescan", 10)
	if err != nil || len(items) != 2 || items[0].Standing.VerdictID != "a" || items[1].Standing.VerdictID != "graced" {
		t.Fatalf("%+v %v", items, err)
	}
	for range 2 { // told twice, counted once
		if err := s.RescanDone(t.Context(), "rescan", items[0], gate.RescanResult{Image: "r.example/a@sha256:a", Decision: gate.Fail, Reason: "CVE"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if id, err := s.UnfinishedRescan(t.Context()); err != nil || id != "rescan" {
		t.Errorf("%q %v", id, err)
	}
	left, err := s.NextRescanItems(t.Context(), "rescan", 10)
	if err != nil || len(left) != 1 || left[0].Sequence != items[1].Sequence {
		t.Fatalf("%+v %v", left, err)
	}
	if err := s.RescanDone(t.Context(), "rescan", left[0], gate.RescanResult{Image: "r.example/c@sha256:c", Decision: gate.Errored}); err != nil {
		t.Fatal(err)
	}
	if err := s.FinishRescan(t.Context(), "rescan"); err != nil {
		t.Fatal(err)
	}
	r, err = s.Rescan(t.Context(), "rescan")
	if err != nil || r.State != gate.Done || r.Done != 2 || r.Failed != 1 || r.Errors != 1 || len(r.NewlyFailing) != 1 || len(r.Undecided) != 1 || r.DoneAt.IsZero() {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := s.CreateRescan(t.Context(), "third", "", s.now(), func(string) bool { return true }); err != nil {
		t.Errorf("after it: %v", err)
	}
	if _, err := s.Rescan(t.Context(), "nobody"); gate.CodeOf(err) != gate.CodeNotFound {
		t.Errorf("a rescan nobody began: %v", err)
	}
}

func TestWhatPassedBeforeAnUpgradeStandsAfterIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "imagegate.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []gate.Recording{onImage("1", "r.example/app:1", "sha256:a", gate.Fail, noon), onImage("2", "r.example/app:1", "sha256:a", gate.Pass, noon.Add(time.Hour))} {
		if _, err := s.Record(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path = asSchema(t, path, 1, "evidence", "verdicts")
	if s, err = Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	standing, err := s.Standing(t.Context(), "r.example/app", "sha256:a", verdict("1", gate.Pass, noon).Policy.Digest)
	if err != nil || standing == nil || standing.VerdictID != "2" {
		t.Errorf("%+v %v", standing, err)
	}
	if tag, err := s.Tag(t.Context(), "r.example/app", "1"); err != nil || tag != "sha256:a" {
		t.Errorf("%q %v", tag, err)
	}
}

// asSchema is a database of an earlier version with the rows of some tables.
func asSchema(t *testing.T, from string, version int64, tables ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "earlier.db")
	db, err := openFile(path, 1, "foreign_keys(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	provider, err := newProvider(goose.DialectSQLite3, db, goose.WithGoMigrations((&Store{}).backfill()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`ATTACH ? AS later`, from); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if _, err := db.Exec(fmt.Sprintf(`INSERT INTO main.%s SELECT * FROM later.%s`, table, table)); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestBrokenGlassIsListedNewestFirst(t *testing.T) {
	s := openTest(t)
	for i := range 3 {
		if err := s.RecordBrokenGlass(t.Context(), gate.BrokenGlass{At: noon.Add(time.Duration(i) * time.Hour), Reason: fmt.Sprint(i), Namespace: "n", Kind: "Pod", Name: "p", User: "u", Refused: "r"}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.BrokenGlass(t.Context(), 2)
	if err != nil || len(list) != 2 || !slices.Equal([]string{list[0].Reason, list[1].Reason}, []string{"2", "1"}) || !list[0].At.Equal(noon.Add(2*time.Hour)) {
		t.Errorf("%+v %v", list, err)
	}
}
