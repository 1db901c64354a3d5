package store

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
)

// accept stores an evaluation that nobody runs.
func accept(t testing.TB, s *Store, id, image string, at time.Time) {
	t.Helper()
	if err := s.transaction(context.Background(), func(tx *transaction) error {
		_, _, err := s.insert(context.Background(), tx, gate.Evaluation{ID: id, Request: gate.Request{Image: image}, CreatedAt: at}, "", func() error { return nil })
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// settle starts an evaluation and ends it in a verdict.
func settle(t testing.TB, s *Store, id string, change func(*gate.Verdict)) {
	t.Helper()
	v := verdict(id, gate.Pass, noon.Add(time.Hour))
	change(&v)
	if err := s.start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	record(t, s, v, nil, "")
	if err := s.finish(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

func list(t testing.TB, s *Store, f gate.Filter, after *gate.Position, limit int) []gate.Listed {
	t.Helper()
	out, err := s.List(t.Context(), f, after, limit, policy.MatchRepository)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func ids(all []gate.Listed) string {
	var out []string
	for _, l := range all {
		out = append(out, l.ID)
	}
	return strings.Join(out, " ")
}

func TestAListHoldsEveryFilterAtOnceNewestFirst(t *testing.T) {
	s := openTest(t)
	finding := []gate.Violation{{Check: "USER-01"}}
	for i, image := range []string{"nginx", "r.example/team/app:1", "r.example/team/app:2", "r.example/team-b/app:1", "r.example/team/deep/app@" + zeros} {
		accept(t, s, fmt.Sprint(i), image, noon.Add(time.Duration(i)*time.Minute))
	}
	settle(t, s, "0", func(*gate.Verdict) {})
	settle(t, s, "1", func(v *gate.Verdict) {
		v.Decision, v.Digest, v.Violations, v.Warnings = gate.Fail, zeros, append(finding, finding...), finding
	})
	if err := s.start(t.Context(), "2"); err != nil {
		t.Fatal(err)
	}
	record(t, s, verdict("2", gate.Fail, noon), nil, "") // decided, and not done: it is being signed
	cli := verdict("cli", gate.Errored, noon.Add(-time.Hour))
	cli.Image = "docker-archive:/tmp/x.tar"
	record(t, s, cli, nil, "")
	for name, test := range map[string]struct {
		filter gate.Filter
		want   string
	}{
		"nothing asked":                        {gate.Filter{}, "4 3 2 1 0 cli"},
		"a repository":                         {gate.Filter{Image: "r.example/team/app"}, "2 1"},
		"a reference":                          {gate.Filter{Image: "r.example/team/app:1"}, "1"},
		"a reference in full":                  {gate.Filter{Image: "docker.io/library/nginx:latest"}, "0"},
		"a repository in short":                {gate.Filter{Image: "nginx"}, "0"},
		"a file of the command line":           {gate.Filter{Image: "docker-archive:/tmp/x.tar"}, "cli"},
		"a pattern of one depth":               {gate.Filter{Image: "r.example/team/*"}, "2 1"},
		"a pattern of any depth":               {gate.Filter{Image: "r.example/team/**"}, "4 2 1"},
		"a pattern of a whole registry":        {gate.Filter{Image: "r.example/**"}, "4 3 2 1"},
		"a pattern of everything":              {gate.Filter{Image: "**"}, "4 3 2 1 0 cli"},
		"a pattern of tags":                    {gate.Filter{Image: "r.example/*/app:1"}, "3 1"},
		"a digest":                             {gate.Filter{Digest: zeros}, "1"},
		"passes":                               {gate.Filter{Decision: gate.Pass}, "0"},
		"fails, of which one is being signed":  {gate.Filter{Decision: gate.Fail}, "1"},
		"errors":                               {gate.Filter{Decision: gate.Errored}, "cli"},
		"queued":                               {gate.Filter{State: gate.Queued}, "4 3"},
		"running":                              {gate.Filter{State: gate.Running}, "2"},
		"done":                                 {gate.Filter{State: gate.Done}, "1 0 cli"},
		"since, with its moment":               {gate.Filter{Since: noon.Add(3 * time.Minute)}, "4 3"},
		"until, without its moment":            {gate.Filter{Until: noon.Add(time.Minute)}, "0 cli"},
		"everything at once":                   {gate.Filter{Image: "r.example/team/**", Decision: gate.Fail, State: gate.Done, Since: noon, Digest: zeros}, "1"},
		"everything at once, and one is wrong": {gate.Filter{Image: "r.example/other/**", Decision: gate.Fail, State: gate.Done}, ""},
		"a queued one with a decision":         {gate.Filter{State: gate.Queued, Decision: gate.Fail}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ids(list(t, s, test.filter, nil, 50)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	got := list(t, s, gate.Filter{Digest: zeros}, nil, 1)[0]
	if got.Violations != 2 || got.Warnings != 1 || got.Policy.Name != "default" || got.Policy.Digest != "sha256:policy" || got.DoneAt.IsZero() || !got.CreatedAt.Equal(noon.Add(time.Minute)) {
		t.Errorf("%+v", got)
	}
	if got := list(t, s, gate.Filter{State: gate.Running}, nil, 1)[0]; got.Decision != "" || got.Digest != "" || got.Policy != nil {
		t.Errorf("what is not done shows %+v", got)
	}
	if _, err := s.List(t.Context(), gate.Filter{Image: "UPPER CASE"}, nil, 1, policy.MatchRepository); gate.CodeOf(err) != gate.CodeInvalid {
		t.Errorf("no reference: %v", err)
	}
}

var zeros = "sha256:" + strings.Repeat("0", 64)

func TestPagesHoldEveryEvaluationOnceWhileOthersArrive(t *testing.T) {
	s := openTest(t)
	for i := range 40 { // four to a moment
		accept(t, s, fmt.Sprintf("%02d", i), "r.example/app", noon.Add(time.Duration(i/4)*time.Second))
	}
	for name, f := range map[string]gate.Filter{"all": {}, "a repository": {Image: "r.example/app"}, "a pattern": {Image: "r.example/*"}} {
		t.Run(name, func(t *testing.T) {
			var got []string
			var after *gate.Position
			for page := 0; ; page++ {
				items := list(t, s, f, after, 7)
				for _, l := range items {
					got = append(got, l.ID)
				}
				if len(items) < 7 {
					break
				}
				at := items[6].Position()
				after = &at
				accept(t, s, fmt.Sprintf("new %s %d", name, page), "r.example/app", noon.Add(time.Hour))
			}
			old := slices.DeleteFunc(slices.Clone(got), func(id string) bool { return strings.HasPrefix(id, "new") })
			if len(old) != 40 || !slices.IsSortedFunc(old, func(a, b string) int { return strings.Compare(b, a) }) || len(slices.Compact(old)) != 40 {
				t.Errorf("the pages hold %v", got)
			}
		})
	}
}

func TestAListTakesAnIndexForEveryFilterThatSinglesOut(t *testing.T) {
	s := openFileTest(t) // SQLite tells in one line
	for index, f := range map[string]gate.Filter{
		"listing_newest": {}, "listing_by_digest": {Digest: zeros}, "listing_by_repository": {Image: "r.example/app"}, "listing_by_name": {Image: "r.example/app:1"}, "listing_by_name (name>? AND name<?)": {Image: "r.example/team/**"},
		"listing_open": {State: gate.Queued}, "listing_by_decision": {Decision: gate.Errored},
	} {
		where, args, err := conditions(f, &gate.Position{CreatedAt: noon, ID: "x"})
		if err != nil {
			t.Fatal(err)
		}
		var a, b, c int
		var plan string
		if err := s.read.QueryRowContext(t.Context(), `EXPLAIN QUERY PLAN SELECT id FROM listing WHERE `+strings.Join(where, " AND ")+` ORDER BY created_at DESC, id DESC LIMIT 50`, args...).Scan(&a, &b, &c, &plan); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan+" ", index+" ") {
			t.Errorf("%+v: %s, want %s", f, plan, index)
		}
	}
}

func TestWhatWasStoredBeforeListsIsListed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	old, err := openFile(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	provider, err := newProvider(goose.DialectSQLite3, old, goose.WithGoMigrations((&Store{}).backfill()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	for _, write := range []string{
		`INSERT INTO evaluations (id, request, created_at) VALUES ('queued', '{"image":"r.example/team/app:1"}', 10)`,
		`INSERT INTO evaluations (id, request, created_at, started_at, done_at) VALUES ('done', '{"image":"r.example/team/app:2"}', 11, 12, 13)`,
		`INSERT INTO verdicts (id, digest, policy_digest, decision, decided_at, document) VALUES ('done', 'd', 'p', 'pass', 12, '{"image":"r.example/team/app:2","policy":{"name":"default"},"warnings":[{}]}')`,
		`INSERT INTO verdicts (id, digest, policy_digest, decision, decided_at, document) VALUES ('rescan', 'd', 'p', 'fail', 14, '{"image":"r.example/app@d"}')`,
		`INSERT INTO verdicts (id, digest, policy_digest, decision, decided_at, document) VALUES ('broken', '', '', 'error', 1, 'not JSON')`,
	} {
		if _, err := old.ExecContext(t.Context(), write); err != nil {
			t.Fatal(write, err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if got := ids(list(t, s, gate.Filter{}, nil, 50)); got != "rescan done queued broken" {
		t.Errorf("listed %q", got)
	}
	if got := list(t, s, gate.Filter{Image: "r.example/team/*", State: gate.Done}, nil, 50); ids(got) != "done" || got[0].Warnings != 1 || got[0].Decision != gate.Pass || got[0].Policy.Name != "default" {
		t.Errorf("of the repository %+v", got)
	}
}

func TestAnEarlierVersionsWritesAreListed(t *testing.T) {
	s := openTest(t)
	for _, write := range []string{
		`INSERT INTO evaluations (id, request, idempotency_key, fingerprint, created_at) VALUES ('1', '{"image":"r.example/app:1"}', NULL, '00', 5)`,
		`UPDATE evaluations SET started_at = 6 WHERE id = '1' AND started_at IS NULL`,
		`INSERT INTO verdicts (id, digest, policy_digest, decision, reuse_key, evidence, decided_at, expires_at, document) VALUES ('1', 'd', 'p', 'fail', NULL, NULL, 7, 8, '{"image":"r.example/app:1","violations":[{}],"warnings":[]}')`,
		`UPDATE evaluations SET done_at = 9 WHERE id = '1' AND done_at IS NULL`,
	} {
		if _, err := s.write.ExecContext(t.Context(), write); err != nil {
			t.Fatal(write, err)
		}
	}
	got := list(t, s, gate.Filter{Image: "r.example/app:1", Decision: gate.Fail}, nil, 50)
	if len(got) != 1 || got[0].Violations != 1 || got[0].State != gate.Done {
		t.Errorf("%+v", got)
	}
}

func BenchmarkList(b *testing.B) {
	s := openTest(b)
	fill(b, s, 100_000)
	for name, f := range map[string]gate.Filter{"newest": {}, "repository": {Image: "r.example/app"}, "team": {Image: "r.example/none/**"}, "registry": {Image: "r.example/**"}} {
		b.Run(name, func(b *testing.B) {
			list(b, s, f, nil, 1) // names are worked out once
			b.ResetTimer()
			for b.Loop() {
				list(b, s, f, nil, 50)
			}
		})
	}
}
