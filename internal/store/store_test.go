package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/servertest"
)

// onPostgres has openTest open PostgreSQL's databases.
var onPostgres bool

// TestMain runs every test on SQLite, and then on PostgreSQL.
func TestMain(m *testing.M) {
	if path := os.Getenv("IMAGEGATE_STORE_TEST_CHILD"); path != "" {
		child(path)
	}
	if code := m.Run(); code != 0 {
		os.Exit(code)
	}
	onPostgres = true
	os.Exit(m.Run())
}

// opened is what Open was given for the stores of tests, by store.
var opened sync.Map

// openTest opens a new database of the engine at hand.
func openTest(t testing.TB) *Store {
	t.Helper()
	return openNamed(t, newDatabase(t))
}

// newDatabase names a database that is not there yet, or is empty.
func newDatabase(t testing.TB) string {
	t.Helper()
	if onPostgres {
		return servertest.PostgreSQL(t)
	}
	return filepath.Join(t.TempDir(), "data", "imagegate.db")
}

// openFileTest opens a new file, for what only files do.
func openFileTest(t testing.TB) *Store {
	t.Helper()
	return openNamed(t, filepath.Join(t.TempDir(), "data", "imagegate.db"))
}

func openNamed(t testing.TB, database string) *Store {
	t.Helper()
	s, err := Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	opened.Store(s, database)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// openAgain opens the database of a store once more, as another process would.
func openAgain(t testing.TB, s *Store) *Store {
	t.Helper()
	database, _ := opened.Load(s)
	return openNamed(t, database.(string))
}

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func verdict(id string, decision gate.Decision, at time.Time) gate.Verdict {
	return gate.Verdict{
		APIVersion: gate.APIVersion, Kind: gate.KindVerdict, ID: id, Image: "app", Digest: "sha256:image", Decision: decision,
		Policy: gate.PolicyRef{Name: "default", Digest: "sha256:policy"}, DecidedAt: at, ExpiresAt: at.Add(24 * time.Hour),
		Platforms: []gate.PlatformVerdict{}, Violations: []gate.Violation{}, Warnings: []gate.Violation{}, Notes: []gate.Violation{}, Waived: []gate.Violation{},
		Signature: gate.SignatureState{State: gate.NotAsked},
	}
}

func record(t testing.TB, s *Store, v gate.Verdict, ev *gate.Evidence, key string) gate.Verdict {
	t.Helper()
	got, err := s.Record(context.Background(), gate.Recording{Verdict: v, Evidence: ev, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestTheFirstVerdictOfAnIdStands(t *testing.T) {
	s := openTest(t)
	first := record(t, s, verdict("1", gate.Pass, noon), &gate.Evidence{Digest: "sha256:image"}, "k")
	second := record(t, s, verdict("1", gate.Fail, noon.Add(time.Hour)), nil, "")
	if second.Decision != gate.Pass || second.Evidence != first.Evidence {
		t.Errorf("the second one stands: %+v", second)
	}
	if _, err := s.write.ExecContext(t.Context(), `UPDATE verdicts SET decision = 'fail'`); err == nil {
		t.Error("a verdict can be changed")
	}
	if _, err := s.write.ExecContext(t.Context(), `DELETE FROM verdicts`); err == nil {
		t.Error("a verdict can be deleted")
	}
}

func TestEvidenceIsKeptOnceUnderItsDigest(t *testing.T) {
	s := openTest(t)
	ev := &gate.Evidence{Digest: "sha256:image", Images: []gate.ImageEvidence{{Platform: "linux/amd64"}}}
	a := record(t, s, verdict("1", gate.Pass, noon), ev, "")
	b := record(t, s, verdict("2", gate.Pass, noon), ev, "")
	if a.Evidence == "" || a.Evidence != b.Evidence {
		t.Errorf("evidence %q and %q", a.Evidence, b.Evidence)
	}
	got, err := s.Evidence(t.Context(), a.Evidence)
	if err != nil || got.Images[0].Platform != "linux/amd64" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := s.Evidence(t.Context(), "sha256:none"); gate.CodeOf(err) != gate.CodeNotFound {
		t.Errorf("absent evidence: %v", err)
	}
	if _, err := s.write.ExecContext(t.Context(), `UPDATE evidence SET body = $1`, s.encoder.EncodeAll([]byte(`{}`), nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Evidence(t.Context(), a.Evidence); err == nil || !strings.Contains(err.Error(), "was changed") {
		t.Errorf("changed evidence is believed: %v", err)
	}
}

func TestReusableGivesTheNewestUnexpiredDecision(t *testing.T) {
	s := openTest(t)
	record(t, s, verdict("1", gate.Pass, noon), nil, "k")
	record(t, s, verdict("2", gate.Fail, noon.Add(time.Hour)), nil, "k")
	record(t, s, verdict("3", gate.Errored, noon.Add(2*time.Hour)), nil, "k")
	record(t, s, verdict("4", gate.Pass, noon.Add(3*time.Hour)), nil, "other")
	for _, test := range []struct {
		name, key string
		at        time.Time
		want      string
	}{
		{"the newest decision, not an error", "k", noon.Add(4 * time.Hour), "2"},
		{"not an expired one", "k", noon.Add(26 * time.Hour), ""},
		{"not under another key", "none", noon, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			v, err := s.Reusable(t.Context(), test.key, test.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := id(v); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func id(v *gate.Verdict) string {
	if v == nil {
		return ""
	}
	return v.ID
}

func TestLatestIsTheNewestUnderThatPolicy(t *testing.T) {
	s := openTest(t)
	record(t, s, verdict("1", gate.Pass, noon), nil, "")
	other := verdict("2", gate.Fail, noon.Add(time.Hour))
	other.Policy.Digest = "sha256:other"
	record(t, s, other, nil, "")
	for policy, want := range map[string]string{"sha256:policy": "1", "sha256:other": "2", "": "2", "sha256:none": ""} {
		v, err := s.Latest(t.Context(), "sha256:image", policy)
		if err != nil || id(v) != want {
			t.Errorf("under %q: %q, %v; want %q", policy, id(v), err, want)
		}
	}
	history, err := s.History(t.Context(), "sha256:image", 10)
	if err != nil || len(history) != 2 || history[0].ID != "2" {
		t.Errorf("history %+v, %v", history, err)
	}
}

func TestASignatureIsKeptBesideTheVerdictAndIsNotUnmade(t *testing.T) {
	s := openTest(t)
	record(t, s, verdict("1", gate.Pass, noon), nil, "")
	for _, state := range []gate.SignatureState{{State: gate.Refused, Reason: "no key"}, {State: gate.Signed, Reference: "ref"}, {State: gate.Refused, Reason: "registry gone"}} {
		if err := s.RecordSignature(t.Context(), "1", state); err != nil {
			t.Fatal(err)
		}
	}
	v, err := s.Verdict(t.Context(), "1")
	if err != nil || v.Signature.State != gate.Signed || v.Signature.Reference != "ref" {
		t.Errorf("%+v, %v", v.Signature, err)
	}
}

func TestOpeningSaysWhatIsWrongWithTheDatabase(t *testing.T) {
	dir := t.TempDir()
	damaged := filepath.Join(dir, "damaged.db")
	if err := os.WriteFile(damaged, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	s, err := Open(t.Context(), newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`); err != nil {
		t.Fatal(err)
	}
	// A newer program that says it breaks nothing may share the database.
	if same, err := Open(t.Context(), newer); err != nil {
		t.Error(err)
	} else {
		_ = same.Close()
	}
	if _, err := s.write.ExecContext(t.Context(), `UPDATE compatible SET oldest = 99999`); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	for path, want := range map[string]string{damaged: "restore it from a backup", newer: "newer imagegate", filepath.Join(damaged, "x.db"): "cannot be created"} {
		s, err := Open(t.Context(), path)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s opens", path)
			continue
		}
		if gate.CodeOf(err) != gate.CodeUnavailable || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

func TestTheFileIsTheOwnersOnly(t *testing.T) {
	s := openFileTest(t)
	info, err := os.Stat(s.name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
}

func TestTwoProcessesMayHaveItOpen(t *testing.T) {
	s := openTest(t)
	second := openAgain(t, s)
	var all sync.WaitGroup
	for i := range 20 {
		for _, each := range []*Store{s, second} {
			all.Go(func() {
				if _, err := each.Record(t.Context(), gate.Recording{Verdict: verdict(fmt.Sprintf("%p-%d", each, i), gate.Pass, noon), Evidence: &gate.Evidence{Digest: fmt.Sprint(i)}, Key: "k"}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if h, err := s.History(t.Context(), "sha256:image", 100); err != nil || len(h) != 40 {
		t.Errorf("%d verdicts, %v", len(h), err)
	}
}

func BenchmarkReusable(b *testing.B) {
	s := openTest(b)
	fill(b, s, 100_000)
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		if v, err := s.Reusable(b.Context(), fmt.Sprintf("key-%d", i%100_000), noon); err != nil || v == nil {
			b.Fatal(v, err)
		}
	}
}

// fill stores n verdicts quickly.
func fill(b *testing.B, s *Store, n int) {
	b.Helper()
	err := s.transaction(b.Context(), func(tx *transaction) error {
		for i := range n {
			_, err := tx.ExecContext(b.Context(), `INSERT INTO verdicts (id, digest, policy_digest, decision, reuse_key, decided_at, expires_at, document) VALUES ($1, $2, 'sha256:policy', 'pass', $3, $4, $5, $6)`,
				fmt.Sprint(i), fmt.Sprintf("sha256:%d", i), fmt.Sprintf("key-%d", i), micros(noon), micros(noon.Add(time.Hour)), []byte(`{"id":"x","decision":"pass"}`))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
