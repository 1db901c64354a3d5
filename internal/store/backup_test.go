package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// filled is a database with something in each table of ours.
func filled(t *testing.T) *Store {
	t.Helper()
	s := openFileTest(t)
	jobs, err := s.NewJobs(t.Context(), func(context.Context, gate.Evaluation, bool) error { return nil }, JobsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		digest := fmt.Sprintf("sha256:%064x", i)
		v := verdict(fmt.Sprintf("v%02d", i), gate.Pass, noon.Add(time.Duration(i)*time.Minute))
		v.Digest = digest
		standing := gate.Standing{Repository: "r/app", Digest: digest, Policy: v.Policy, Decision: v.Decision, DecidedAt: v.DecidedAt, ExpiresAt: v.ExpiresAt}
		if _, err := s.Record(t.Context(), gate.Recording{Verdict: v, Evidence: &gate.Evidence{Digest: digest}, Objects: map[string][]byte{digest: []byte("manifest")}, Standing: &standing}); err != nil {
			t.Fatal(err)
		}
		if err := s.RecordSignature(t.Context(), v.ID, gate.SignatureState{State: gate.Signed}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := jobs.Submit(t.Context(), gate.Evaluation{ID: fmt.Sprintf("e%02d", i), CreatedAt: noon}, ""); err != nil {
			t.Fatal(err)
		}
	}
	jobs.queue.leave(t.Context()) // it never started
	if err := s.SawBuild(t.Context(), "linux/amd64", gate.KnownBase{Reference: "debian", Digest: "sha256:base"}); err != nil {
		t.Fatal(err)
	}
	if err := s.RecordBrokenGlass(t.Context(), gate.BrokenGlass{At: noon, Namespace: "n", Reason: "why"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateRescan(t.Context(), "rescan", "*", noon, func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	return s
}

// dump is every row of every table, as text.
func dump(t *testing.T, s *Store) []string {
	t.Helper()
	var out []string
	if _, ok := s.engine.(*postgres); ok {
		for _, name := range column(t, s, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`) {
			for _, row := range column(t, s, fmt.Sprintf(`SELECT CAST(r AS TEXT) FROM "%s" r`, name)) {
				out = append(out, name+": "+row)
			}
		}
		slices.Sort(out)
		return out
	}
	names := column(t, s, `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
	for _, name := range names {
		columns := column(t, s, fmt.Sprintf(`SELECT 'quote("' || name || '")' FROM pragma_table_info('%s')`, name))
		for _, row := range column(t, s, fmt.Sprintf(`SELECT %s FROM "%s"`, strings.Join(columns, ` || ' ' || `), name)) {
			out = append(out, name+": "+row)
		}
	}
	slices.Sort(out)
	return out
}

func column(t *testing.T, s *Store, query string) []string {
	t.Helper()
	rows, err := s.read.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func TestABackupRestoresEveryRow(t *testing.T) {
	s := filled(t)
	before := dump(t, s)
	if len(before) < 180 {
		t.Fatalf("the database holds %d rows only", len(before))
	}
	file := filepath.Join(t.TempDir(), "backup.db")
	made, err := Backup(t.Context(), s.name, file) // while s has it open
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != made.Size || made.Size == 0 {
		t.Errorf("the backup is %v with %d bytes, said to have %d; %v", info.Mode(), info.Size(), made.Size, err)
	}
	elsewhere := filepath.Join(t.TempDir(), "data", "imagegate.db")
	restored, aside, err := Restore(t.Context(), file, elsewhere, false)
	if err != nil || aside != "" || restored.Schema != made.Schema {
		t.Fatalf("restored %+v, aside %q: %v", restored, aside, err)
	}
	again, err := Open(t.Context(), elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if after := dump(t, again); !slices.Equal(before, after) {
		t.Errorf("%d rows before, %d after", len(before), len(after))
	}
	if _, err := again.write.ExecContext(t.Context(), `UPDATE verdicts SET decision = 'fail'`); err == nil {
		t.Error("the restored database lets verdicts be changed")
	}
}

func TestABackupHoldsOneMomentWhileOthersWrite(t *testing.T) {
	s := openFileTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	written := make(chan error, 1)
	go func() {
		var err error
		for i := 0; ctx.Err() == nil && err == nil; i++ {
			_, err = s.Record(context.Background(), gate.Recording{Verdict: verdict(fmt.Sprintf("%06d", i), gate.Pass, noon), Evidence: &gate.Evidence{Digest: fmt.Sprint(i)}})
		}
		written <- err
	}()
	for i := range 5 {
		file := filepath.Join(t.TempDir(), fmt.Sprint(i))
		if _, err := Backup(t.Context(), s.name, file); err != nil {
			t.Error(err)
			continue
		}
		b, err := Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		if torn := column(t, b, `SELECT id FROM verdicts WHERE evidence NOT IN (SELECT digest FROM evidence)`); len(torn) > 0 {
			t.Errorf("verdicts without their evidence: %v", torn)
		}
		_ = b.Close()
	}
	cancel()
	if err := <-written; err != nil {
		t.Errorf("a backup stood in the way of a verdict: %v", err)
	}
}

func TestBackupAndRestoreRefuse(t *testing.T) {
	s := filled(t)
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	if _, err := Backup(t.Context(), s.name, good); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(dir, "damaged.db")
	for i := len(data) / 2; i < len(data)/2+20000; i++ {
		data[i] = 0xff
	}
	text, newer := filepath.Join(dir, "text.db"), filepath.Join(dir, "newer.db")
	for name, content := range map[string][]byte{damaged: data, text: []byte(strings.Repeat("no database at all ", 300))} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Backup(t.Context(), s.name, newer); err != nil {
		t.Fatal(err)
	}
	later, err := openFile(newer, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := later.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	_ = later.Close()
	empty := filepath.Join(dir, "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := func() string { return filepath.Join(t.TempDir(), "imagegate.db") }
	restore := func(file, database string) error {
		_, _, err := Restore(t.Context(), file, database, false)
		return err
	}
	_, overwrite := Backup(t.Context(), s.name, good)
	_, absent := Backup(t.Context(), fresh(), filepath.Join(dir, "x"))
	for _, test := range []struct {
		name string
		err  error
		code gate.Code
		says string
	}{
		{"a backup over a file", overwrite, gate.CodeConflict, "never overwritten"},
		{"a backup of nothing", absent, gate.CodeNotFound, "no database"},
		{"a restore from a damaged file", restore(damaged, fresh()), gate.CodeInvalid, "damaged"},
		{"a restore from text", restore(text, fresh()), gate.CodeInvalid, "damaged"},
		{"a restore from an empty file", restore(empty, fresh()), gate.CodeInvalid, "no database of imagegate"},
		{"a restore from a newer version", restore(newer, fresh()), gate.CodeInvalid, "newer imagegate (schema 9999"},
		{"a restore from nothing", restore(filepath.Join(dir, "none"), fresh()), gate.CodeNotFound, "no file"},
		{"a restore over a database", restore(good, s.name), gate.CodeConflict, "--force"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if gate.CodeOf(test.err) != test.code || !strings.Contains(test.err.Error(), test.says) {
				t.Errorf("%v (%s), want %s and %q", test.err, gate.CodeOf(test.err), test.code, test.says)
			}
		})
	}
}

func TestAForcedRestoreKeepsTheOldDatabaseAside(t *testing.T) {
	s := filled(t)
	file := filepath.Join(t.TempDir(), "backup.db")
	if _, err := Backup(t.Context(), s.name, file); err != nil {
		t.Fatal(err)
	}
	record(t, s, verdict("after the backup", gate.Fail, noon), nil, "")
	if _, _, err := Restore(t.Context(), file, s.name, true); gate.CodeOf(err) != gate.CodeConflict {
		t.Errorf("an open database was replaced: %v", err)
	}
	jobs, err := s.NewJobs(t.Context(), nil, JobsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Restore(t.Context(), file, s.name, true); gate.CodeOf(err) != gate.CodeConflict || !strings.Contains(err.Error(), "serves") {
		t.Errorf("the database of a server was replaced: %v", err)
	}
	jobs.queue.leave(t.Context())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, aside, err := Restore(t.Context(), file, s.name, true)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{s.name: false, aside: true} {
		d, err := Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := d.Verdict(t.Context(), "after the backup"); err != nil || (v != nil) != want {
			t.Errorf("%s: verdict %v, %v", name, v, err)
		}
		_ = d.Close()
	}
}
