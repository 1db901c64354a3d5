package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imagegate/imagegate/internal/gate"
)

// table is what is counted. A row that has something to be right about is
// followed by what is wrong with it.
type table struct{ wrong int }

// maxShown is how many examples of what is wrong are printed.
const maxShown = 5

// must prints a count whose wrong ones are named, and should be none.
func (t *table) must(what string, figure any, wrong []string) {
	word := "ok"
	if len(wrong) > 0 {
		word = fmt.Sprintf("WRONG: %d", len(wrong))
		t.wrong++
	}
	fmt.Printf("%-58s %12v  %s\n", what, figure, word)
	for i, w := range wrong {
		if i == maxShown {
			fmt.Printf("    … and %d more\n", len(wrong)-maxShown)
			break
		}
		fmt.Printf("    %.600s\n", w)
	}
}

// tell prints a figure that has no right or wrong.
func (t *table) tell(what string, figure any) { fmt.Printf("%-58s %12v\n", what, figure) }

// count says how many counts are wrong.
func (s *soak) count(ctx context.Context) (int, error) {
	t := &table{}
	notes := s.notes()
	s.printRounds()
	fmt.Println()
	s.countAnswers(t, notes)
	s.countAgain(ctx, t, notes)
	if err := s.countStored(ctx, t, notes); err != nil {
		return 0, err
	}
	if err := s.countSigned(ctx, t); err != nil {
		return 0, err
	}
	s.printFigures(t, notes)
	return t.wrong, nil
}

// countAnswers holds what callers were told against what they should be.
func (s *soak) countAnswers(t *table, notes []*note) {
	accepted, answered, decisions := 0, 0, map[gate.Decision]int{}
	var unanswered, gaveUp, wrong, changed, doubled []string
	for _, n := range notes {
		name := n.how + " " + n.subject.byTag(s.host)
		if len(n.ids) > 0 {
			accepted++
		}
		switch last := n.final(); {
		case last.failed != nil:
			gaveUp = append(gaveUp, name+": "+last.failed.Error())
		case last.verdict == nil:
			unanswered = append(unanswered, name)
		default:
			answered++
			decisions[last.verdict.Decision]++
		}
		if w := n.wrong(); w != "" {
			wrong = append(wrong, name+": "+w)
		}
		if n.changed != "" {
			changed = append(changed, n.changed)
		}
		if len(n.ids) > 1 {
			doubled = append(doubled, fmt.Sprintf("%s: key %s was given the evaluations %v", name, n.key, n.ids))
		}
	}
	t.must("asked by callers, each until answered", len(notes), gaveUp)
	t.must("accepted and answered", answered, unanswered)
	t.must("decided as expected", fmt.Sprintf("%d/%d/%d", decisions[gate.Pass], decisions[gate.Fail], decisions[gate.Errored]), wrong)
	t.must("one evaluation for each key", accepted, doubled)
	t.must("verdicts that changed while callers looked", len(changed), changed)
}

// countAgain looks at every verdict once more, at the replica that happens to
// come next, and sends some requests again under their key.
func (s *soak) countAgain(ctx context.Context, t *table, notes []*note) {
	var mu sync.Mutex // guards other
	var other []string
	looked := 0
	g := errgroup.Group{}
	g.SetLimit(16)
	for i, n := range notes {
		if n.verdict == nil {
			continue
		}
		looked++
		g.Go(func() error {
			p := s.pipeline(n.caller)
			image := n.subject.byTag(s.host)
			before := n.verdict.ID
			limited, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			again := newNote(n.caller, n.how, n.key, n.subject, n.round)
			again.verdicts = n.verdicts
			if i%7 == 0 && (n.how == "tag" || n.how == "single" || n.how == "one key twice") {
				p.ask(limited, again, image)
			} else {
				p.await(limited, again, before)
			}
			why := again.changed
			switch {
			case again.failed != nil:
				why = again.failed.Error()
			case again.verdict == nil:
				why = image + ": no verdict any more"
			case again.verdict.ID != before:
				why = fmt.Sprintf("%s under key %s is evaluation %s, and was %s", image, n.key, again.verdict.ID, before)
			}
			if why != "" {
				mu.Lock()
				defer mu.Unlock()
				other = append(other, why)
			}
			return nil
		})
	}
	_ = g.Wait() // none returns an error
	t.must("the same verdict when asked again", looked, other)
}

func (s *soak) pipeline(name string) *pipeline {
	for _, p := range s.bulk {
		if p.name == name {
			return p
		}
	}
	return s.single
}

// countStored asks PostgreSQL.
func (s *soak) countStored(ctx context.Context, t *table, notes []*note) error {
	left := 0
	var err error
	for deadline := time.Now().Add(drainTime); ; {
		if left, err = s.number("SELECT count(*) FROM river_job WHERE finalized_at IS NULL"); err != nil {
			return err
		}
		if left == 0 || time.Now().After(deadline) || !pause(ctx, time.Second) {
			break
		}
	}
	jobs, err := s.column("SELECT id || ' ' || state || ' attempt ' || attempt || ' ' || args FROM river_job WHERE finalized_at IS NULL LIMIT 100")
	if err != nil {
		return err
	}
	t.must("jobs left in the queue", left, jobs)
	for _, q := range []struct{ what, total, wrong string }{
		{"evaluations stored, each done", "SELECT count(*) FROM evaluations", "SELECT id FROM evaluations WHERE done_at IS NULL"},
		{"verdicts stored, one for each evaluation", "SELECT count(*) FROM verdicts", "SELECT e.id FROM evaluations e LEFT JOIN verdicts v ON v.id = e.id GROUP BY e.id HAVING count(v.id) <> 1"},
		{"verdicts without an evaluation", "SELECT count(*) FROM verdicts v WHERE NOT EXISTS (SELECT 1 FROM evaluations e WHERE e.id = v.id)", "SELECT v.id FROM verdicts v WHERE NOT EXISTS (SELECT 1 FROM evaluations e WHERE e.id = v.id)"},
		{"passes whose signing is stored as done", "SELECT count(*) FROM verdicts WHERE decision = 'pass'", "SELECT v.id || ' ' || coalesce(s.state || ' ' || s.reason, 'nothing is stored') FROM verdicts v LEFT JOIN signatures s ON s.verdict_id = v.id WHERE v.decision = 'pass' AND s.state IS DISTINCT FROM 'signed'"},
		{"signatures stored for what did not pass", "SELECT count(*) FROM signatures s JOIN verdicts v ON v.id = s.verdict_id WHERE s.state = 'signed' AND v.decision <> 'pass'", "SELECT v.id FROM signatures s JOIN verdicts v ON v.id = s.verdict_id WHERE s.state = 'signed' AND v.decision <> 'pass'"},
	} {
		total, err := s.number(q.total)
		if err != nil {
			return err
		}
		wrong, err := s.column(q.wrong)
		if err != nil {
			return err
		}
		t.must(q.what, total, wrong)
	}
	return s.countKnown(t, notes)
}

// countKnown holds what callers were told against what is stored.
func (s *soak) countKnown(t *table, notes []*note) error {
	stored := map[string]string{}
	rows, err := s.ask("SELECT id, decision FROM verdicts")
	if err != nil {
		return err
	}
	for _, r := range rows {
		stored[r[0]] = r[1]
	}
	known := 0
	var wrong []string
	for _, n := range notes {
		for ; n != nil; n = n.again {
			for id := range n.ids {
				known++
				if n.verdict != nil && n.verdict.ID == id && stored[id] != string(n.verdict.Decision) {
					wrong = append(wrong, fmt.Sprintf("%s was told as %s and is stored as %q", id, n.verdict.Decision, stored[id]))
				} else if stored[id] == "" {
					wrong = append(wrong, id+" was accepted and has no verdict")
				}
			}
		}
	}
	t.must("evaluations that callers know, stored as they were told", known, wrong)
	return nil
}

// column is a query's first column.
func (s *stage) column(sql string) ([]string, error) {
	rows, err := s.ask(sql)
	var out []string
	for _, r := range rows {
		out = append(out, r[0])
	}
	return out, err
}

// countSigned holds the registry's content against the stored verdicts.
func (s *soak) countSigned(ctx context.Context, t *table) error {
	rows, err := s.ask("SELECT id, digest FROM verdicts WHERE decision = 'pass'")
	if err != nil {
		return err
	}
	passed := map[string][]string{} // verdicts by digest
	for _, r := range rows {
		passed[r[1]] = append(passed[r[1]], r[0])
	}
	found, images := 0, 0
	var wrong []string
	for repository, all := range s.images {
		signatures, err := s.signatures(ctx, repository)
		if err != nil {
			return err
		}
		for _, image := range all {
			images++
			got := signatures[image.digest]
			if got == nil {
				got = &signed{}
			}
			delete(signatures, image.digest)
			want := min(len(passed[image.digest]), 1)
			found += got.tags + got.bundles
			if got.tags != want || got.bundles != want {
				wrong = append(wrong, fmt.Sprintf("%s, expected %s: %d signatures under the .sig tag and %d bundles, expected %d; they name %v", image.byTag(s.host), image.expect, got.tags, got.bundles, want, got.verdicts))
			}
			for _, id := range got.verdicts {
				if !slices.Contains(passed[image.digest], id) {
					wrong = append(wrong, fmt.Sprintf("%s: the signature names verdict %q, which is no stored pass of it", image.byTag(s.host), id))
				}
			}
		}
		for digest := range signatures {
			wrong = append(wrong, fmt.Sprintf("%s@%s is signed and no image of ours", repository, digest))
		}
	}
	t.must(fmt.Sprintf("signatures in the registry, for %d images, %d passed", images, len(passed)), found, wrong)
	return nil
}
