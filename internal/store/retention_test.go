package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

const day = 24 * time.Hour

// aged is a database whose clock stands at noon, with verdicts of days before.
type aged struct {
	*Store
	t *testing.T
}

func newAged(t *testing.T) aged {
	s := openTest(t)
	s.now = func() time.Time { return noon }
	return aged{s, t}
}

func hexDigest(name string) string { return "sha256:" + fmt.Sprintf("%x%064d", name, 0)[:64] }

// put records a verdict that is days old and counts a day. An image with a
// repository gets evidence, a manifest and a standing.
func (a aged) put(id, image, repository string, policy gate.PolicyRef, days int, d gate.Decision) {
	a.t.Helper()
	v := verdict(id, d, noon.Add(-time.Duration(days)*day))
	v.Digest, v.Policy = hexDigest(image), policy
	if d == gate.Errored {
		v.ExpiresAt = time.Time{}
	}
	r := gate.Recording{Verdict: v}
	if repository != "" {
		manifest := []byte(image + " as decided by " + id)
		digest := fmt.Sprintf("sha256:%x", sha256.Sum256(manifest))
		r.Evidence = &gate.Evidence{Digest: v.Digest, Images: []gate.ImageEvidence{{Digest: digest}}}
		r.Objects = map[string][]byte{digest: manifest}
		r.Standing = &gate.Standing{Repository: repository, Digest: v.Digest, Policy: policy, Decision: d, DecidedAt: v.DecidedAt, ExpiresAt: v.ExpiresAt}
	}
	a.now = func() time.Time { return v.DecidedAt }
	_, err := a.Record(a.t.Context(), r)
	a.now = func() time.Time { return noon }
	if err != nil {
		a.t.Fatal(err)
	}
	if err := a.RecordSignature(a.t.Context(), id, gate.SignatureState{State: gate.Signed}); err != nil {
		a.t.Fatal(err)
	}
}

func (a aged) prune(days int, dry bool) Pruned {
	a.t.Helper()
	p, err := a.Prune(a.t.Context(), Retention{Before: noon.Add(-time.Duration(days) * day), DryRun: dry})
	if err != nil {
		a.t.Fatal(err)
	}
	return p
}

func (a aged) verdicts() []string { return column(a.t, a.Store, `SELECT id FROM verdicts ORDER BY id`) }

var (
	oldPolicy   = gate.PolicyRef{Name: "default", Digest: "sha256:old"}
	policyNow   = gate.PolicyRef{Name: "default", Digest: "sha256:now"}
	otherPolicy = gate.PolicyRef{Name: "strict", Digest: "sha256:strict"}
)

func TestPruningKeepsWhatIsNeeded(t *testing.T) {
	for _, test := range []struct {
		name string
		with func(aged)
		want string
	}{
		{"the newest verdict of a digest", func(a aged) { a.put("1", "a", "", policyNow, 400, gate.Fail) }, "1"},
		{"the newest, even an error", func(a aged) {
			a.put("1", "a", "", policyNow, 401, gate.Fail)
			a.put("2", "a", "", policyNow, 400, gate.Errored)
		}, "2"},
		{"what is not old enough", func(a aged) {
			a.put("1", "a", "", policyNow, 89, gate.Fail)
			a.put("2", "a", "", policyNow, 1, gate.Fail)
		}, "1 2"},
		{"a standing's verdict, when an error is newer", func(a aged) {
			a.put("1", "a", "r/app", policyNow, 400, gate.Pass)
			a.put("2", "a", "", policyNow, 300, gate.Errored)
			a.put("3", "a", "", policyNow, 299, gate.Errored)
		}, "1 3"},
		{"a standing's verdict in another repository", func(a aged) {
			a.put("1", "a", "r/app", policyNow, 400, gate.Pass)
			a.put("2", "a", "r/copy", policyNow, 300, gate.Pass)
		}, "1 2"},
		{"a standing's verdict under another policy", func(a aged) {
			a.put("1", "a", "r/app", otherPolicy, 400, gate.Pass)
			a.put("2", "a", "r/app", policyNow, 300, gate.Pass)
		}, "1 2"},
		{"not a standing's that a changed policy replaced", func(a aged) {
			a.put("1", "a", "r/app", oldPolicy, 400, gate.Pass)
			a.put("2", "a", "r/app", policyNow, 300, gate.Pass)
		}, "2"},
		{"not a standing's that was decided anew", func(a aged) {
			for i := range 5 {
				a.put(fmt.Sprint(i), "a", "r/app", policyNow, 400-i, gate.Pass)
			}
		}, "4"},
		{"an unexpired verdict", func(a aged) {
			v := verdict("1", gate.Pass, noon.Add(-400*day))
			v.Digest, v.ExpiresAt = hexDigest("a"), noon.Add(time.Second)
			record(a.t, a.Store, v, nil, "k")
			a.put("2", "a", "", policyNow, 300, gate.Fail)
		}, "1 2"},
		{"what an open evaluation has decided", func(a aged) {
			a.put("1", "a", "", policyNow, 400, gate.Fail)
			a.put("2", "a", "", policyNow, 300, gate.Fail)
			if _, err := a.write.ExecContext(a.t.Context(), `INSERT INTO evaluations (id, request, created_at) VALUES ('1', '{}', 0)`); err != nil {
				a.t.Fatal(err)
			}
		}, "1 2"},
		{"what a running rescan will read", func(a aged) {
			a.put("1", "a", "r/app", policyNow, 400, gate.Pass)
			if _, err := a.CreateRescan(a.t.Context(), "rescan", "*", noon, func(string) bool { return true }); err != nil {
				a.t.Fatal(err)
			}
			a.put("2", "a", "r/app", policyNow, 300, gate.Pass)
		}, "1 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAged(t)
			test.with(a)
			before := dump(t, a.Store)
			would := a.prune(90, true)
			if after := dump(t, a.Store); !slices.Equal(before, after) {
				t.Error("a dry run changed the database")
			}
			did := a.prune(90, false)
			if did != would {
				t.Errorf("a dry run promised %+v, and it was %+v", would, did)
			}
			if got := strings.Join(a.verdicts(), " "); got != test.want {
				t.Errorf("left %q, want %q", got, test.want)
			}
			if again := a.prune(90, false); again != (Pruned{}) {
				t.Errorf("a second run found more: %+v", again)
			}
			for _, id := range a.verdicts() {
				v, err := a.Verdict(t.Context(), id)
				if err != nil || v.Signature.State != gate.Signed && id != "1" {
					t.Errorf("%s lost its signature: %+v, %v", id, v.Signature, err)
				}
				if v.Evidence == "" {
					continue
				}
				ev, err := a.Evidence(t.Context(), v.Evidence)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := a.Object(t.Context(), ev.Images[0].Digest); err != nil {
					t.Errorf("%s lost its manifest: %v", id, err)
				}
			}
			if listed := column(t, a.Store, `SELECT id FROM listing WHERE id NOT IN (SELECT id FROM verdicts) AND id NOT IN (SELECT id FROM evaluations)`); len(listed) > 0 {
				t.Errorf("listed and gone: %v", listed)
			}
			if orphans := column(t, a.Store, `SELECT digest FROM evidence WHERE digest NOT IN (SELECT evidence FROM verdicts WHERE evidence IS NOT NULL)`); len(orphans) > 0 {
				t.Errorf("evidence of no verdict: %v", orphans)
			}
			if n, ev := len(column(t, a.Store, `SELECT digest FROM objects`)), len(column(t, a.Store, `SELECT digest FROM evidence`)); n != ev {
				t.Errorf("%d manifests for %d evidence", n, ev)
			}
		})
	}
}

func TestPruningTakesWhatIsDone(t *testing.T) {
	a := newAged(t)
	old, fresh := micros(noon.Add(-100*day)), micros(noon.Add(-day))
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO evaluations (id, request, created_at, done_at) VALUES ('old', '{}', %d, %d), ('fresh', '{}', %d, %d), ('open', '{}', %d, NULL)`, old, old, old, fresh, old),
		`INSERT INTO river_job (args, kind, max_attempts, state, finalized_at) VALUES ('{}', 'evaluate', 1, 'completed', '2026-02-01 00:00:00'), ('{}', 'evaluate', 1, 'completed', '2026-05-31 00:00:00')`,
		`INSERT INTO river_job (args, kind, max_attempts, state) VALUES ('{}', 'evaluate', 1, 'available')`,
		fmt.Sprintf(`INSERT INTO rescans (id, pattern, created_at, done_at) VALUES ('1', '*', 1, %d), ('2', '*', 2, %d)`, old, old),
		`INSERT INTO rescan_items (rescan, sequence, standing, decision) SELECT r.id, value, '{}', 'pass' FROM rescans r, generate_series(1, 250)`,
	} {
		statement = strings.ReplaceAll(statement, "generate_series(1, 250)", "(WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 250) SELECT value FROM n) AS numbers")
		if _, err := a.write.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if got, want := a.prune(90, false), (Pruned{Evaluations: 1, Jobs: 1, Rescans: 1}); got != want {
		t.Errorf("took %+v, want %+v", got, want)
	}
	for query, want := range map[string]string{
		`SELECT id FROM evaluations ORDER BY id`:                             "fresh open",
		`SELECT state FROM river_job ORDER BY state`:                         "available completed",
		`SELECT id FROM rescans`:                                             "2",
		`SELECT rescan || ':' || count(*) FROM rescan_items GROUP BY rescan`: "2:250",
	} {
		if got := strings.Join(column(t, a.Store, query), " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// What retention may not do, the database forbids to everybody.
func TestTheDatabaseForbidsWhatRetentionMayNotDo(t *testing.T) {
	a := newAged(t)
	a.put("1", "a", "", policyNow, 400, gate.Fail)
	a.put("2", "a", "r/app", policyNow, 300, gate.Pass)
	a.put("3", "a", "", policyNow, 200, gate.Fail)
	v := verdict("4", gate.Pass, noon.Add(-100*day))
	v.Digest, v.ExpiresAt = hexDigest("a"), noon.Add(day)
	record(t, a.Store, v, nil, "")
	a.put("5", "a", "", policyNow, 90, gate.Fail)
	for _, test := range []struct{ name, statement string }{
		{"to delete what was not named", `DELETE FROM verdicts WHERE id = '1'`},
		{"to delete a standing's verdict", `INSERT INTO retiring VALUES ('2', 9000000000000000000); DELETE FROM verdicts WHERE id = '2'`},
		{"to delete an unexpired verdict", fmt.Sprintf(`INSERT INTO retiring VALUES ('4', %d); DELETE FROM verdicts WHERE id = '4'`, micros(noon))},
		{"to delete the newest", `INSERT INTO retiring VALUES ('5', 9000000000000000000); DELETE FROM verdicts WHERE id = '5'`},
		{"to change one that was named", `INSERT INTO retiring VALUES ('1', 9000000000000000000); UPDATE verdicts SET decision = 'pass' WHERE id = '1'`},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := a.transaction(t.Context(), func(tx *transaction) error {
				for _, statement := range strings.Split(`DELETE FROM signatures; `+test.statement, "; ") {
					if _, err := tx.ExecContext(t.Context(), statement); err != nil {
						return err
					}
				}
				return nil
			})
			if err == nil {
				t.Error("it was done")
			}
			if n := len(a.verdicts()); n != 5 {
				t.Errorf("%d verdicts are left", n)
			}
		})
	}
}

func TestPruningGivesOthersTheirTurn(t *testing.T) {
	a := newAged(t)
	for i := range 500 {
		a.put(fmt.Sprintf("%04d", i), "a", "r/app", policyNow, 1000-i, gate.Pass)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan time.Duration, 1)
	go func() {
		var longest time.Duration
		for i := 0; ctx.Err() == nil; i++ {
			began := time.Now()
			v := verdict(fmt.Sprintf("new-%d", i), gate.Pass, noon)
			if _, err := a.Record(context.Background(), gate.Recording{Verdict: v}); err != nil {
				t.Error(err)
			}
			longest = max(longest, time.Since(began))
		}
		done <- longest
	}()
	got := a.prune(90, false)
	cancel()
	if longest := <-done; longest > 5*time.Second {
		t.Errorf("a verdict waited %s", longest)
	}
	if got.Verdicts != 499 || got.Evidence != 499 || got.Objects != 499 {
		t.Errorf("took %+v", got)
	}
}

func TestTheQueueIsCounted(t *testing.T) {
	a := newAged(t)
	if _, err := a.write.ExecContext(t.Context(), `INSERT INTO evaluations (id, request, created_at, started_at, done_at) VALUES ('1', '{}', $1, NULL, NULL), ('2', '{}', $1, NULL, NULL), ('3', '{}', $1, 1, NULL), ('4', '{}', 1, 1, 1)`, micros(noon.Add(-time.Minute))); err != nil {
		t.Fatal(err)
	}
	q, err := a.Queue(t.Context())
	if want := (Queue{Queued: 2, Running: 1, Oldest: time.Minute}); err != nil || q != want {
		t.Errorf("%+v, %v; want %+v", q, err, want)
	}
}
