package main

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// printRounds says how long each fault kept callers waiting.
func (s *soak) printRounds() {
	for _, n := range s.singles {
		if n.round < len(s.rounds) {
			s.rounds[n.round].singles = append(s.rounds[n.round].singles, n)
		}
	}
	fmt.Printf("\n%-36s %6s %8s %8s %8s %9s %7s %7s\n", "while", "asked", "p50", "p95", "worst", "single", "retries", "errors")
	for _, r := range s.rounds {
		errors := 0
		for _, n := range r.notes {
			if n.again != nil {
				errors++
			}
		}
		all, alone := waits(r.notes), waits(r.singles)
		suffix := ""
		if r.notMade != nil {
			suffix = "  " + r.notMade.Error()
		}
		fmt.Printf("%-36s %6d %8s %8s %8s %9s %7d %7d%s\n", r.name, len(r.notes), percentile(all, 50), percentile(all, 95), percentile(all, 100), percentile(alone, 100), r.again, errors, suffix)
	}
}

// printFigures are those without right or wrong.
func (s *soak) printFigures(t *table, notes []*note) {
	errors, cancelled := 0, 0
	for _, n := range notes {
		for next := n.again; next != nil; next = next.again {
			errors++
		}
		if n.verdict != nil && n.verdict.WasCancelled() {
			cancelled++
		}
	}
	t.tell("errors told, after which callers asked again", errors)
	t.tell("cancelled in time", cancelled)
	refused, lost := 0, 0
	for _, a := range s.attempts {
		refused += a.of(http.StatusTooManyRequests)
		lost += a.of(0)
	}
	t.tell("attempts made again, of them without an answer", fmt.Sprintf("%d, %d", s.again(), lost))
	t.tell("answers 429", refused)
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	t.tell("memory of a replica, of a worker, at most", fmt.Sprintf("%d, %d MB", s.memory.replica>>20, s.memory.workers>>20))
	var bulk []*note
	for _, r := range s.rounds {
		bulk = append(bulk, r.notes...)
	}
	b, one := waits(bulk), waits(s.singles)
	t.tell("wait of bulk callers, p50, p95, worst", fmt.Sprint(percentile(b, 50), " ", percentile(b, 95), " ", percentile(b, 100)))
	t.tell("wait of the single caller, p50, p95, worst", fmt.Sprint(percentile(one, 50), " ", percentile(one, 95), " ", percentile(one, 100)))
}

// waits are sorted.
func waits(notes []*note) (out []time.Duration) {
	for _, n := range notes {
		if n.verdict != nil {
			out = append(out, n.waited())
		}
	}
	slices.Sort(out)
	return out
}

func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*p/100, len(sorted)-1)].Round(10 * time.Millisecond)
}
