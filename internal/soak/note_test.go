package main

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestANoteTellsWhatIsWrong(t *testing.T) {
	s := &subject{repository: "a/app", tag: "v1", digest: "sha256:1", expect: gate.Pass}
	verdict := func(d gate.Decision) gate.Verdict { return gate.Verdict{ID: "1", Digest: "sha256:1", Decision: d} }
	for _, c := range []struct {
		name, how string
		see       []gate.Verdict
		again     *gate.Verdict
		wrong     string
		changed   bool
	}{
		{"the expected verdict, twice", "tag", []gate.Verdict{verdict(gate.Pass), verdict(gate.Pass)}, nil, "", false},
		{"another decision", "tag", []gate.Verdict{verdict(gate.Fail)}, nil, "is fail, expected pass", false},
		{"another digest", "tag", []gate.Verdict{{ID: "1", Digest: "sha256:2", Decision: gate.Pass}}, nil, "is on sha256:2", false},
		{"a verdict that becomes another", "tag", []gate.Verdict{verdict(gate.Pass), verdict(gate.Fail)}, nil, "", true},
		{"a signature that is added", "tag", []gate.Verdict{verdict(gate.Pass), {ID: "1", Digest: "sha256:1", Decision: gate.Pass, Signature: gate.SignatureState{State: gate.Signed}}}, nil, "", false},
		{"an error that stays", "tag", []gate.Verdict{verdict(gate.Errored)}, nil, "is error, expected pass", false},
		{"an error that comes right", "tag", []gate.Verdict{verdict(gate.Errored)}, &gate.Verdict{ID: "2", Digest: "sha256:1", Decision: gate.Pass}, "", false},
		{"cancelled as asked", "cancelled", []gate.Verdict{gate.Cancelled(gate.Evaluation{}, gate.Evaluation{}.CreatedAt)}, nil, "", false},
		{"cancelled, and nobody asked", "tag", []gate.Verdict{gate.Cancelled(gate.Evaluation{}, gate.Evaluation{}.CreatedAt)}, nil, "nobody asked", false},
	} {
		n := newNote("a", c.how, "k", s, 0)
		for _, v := range c.see {
			n.saw(v)
		}
		if c.again != nil {
			n.again = newNote("a", c.how, "k2", s, 0)
			n.again.saw(*c.again)
		}
		if got := n.wrong(); (got == "") != (c.wrong == "") || !strings.Contains(got, c.wrong) {
			t.Errorf("%s: wrong is %q, expected %q", c.name, got, c.wrong)
		}
		if (n.changed != "") != c.changed {
			t.Errorf("%s: changed is %q", c.name, n.changed)
		}
	}
}

func TestAPlanHasEveryWayOfAsking(t *testing.T) {
	p := &pipeline{name: "bulk", host: "registry.example"}
	images := make([]*subject, 2*packageImages)
	for i := range images {
		images[i] = &subject{}
	}
	all := p.plan(2*packageOf, images, newRandom(1))
	if n := evaluations(all); n != 2*packageOf {
		t.Errorf("%d evaluations are planned, expected %d", n, 2*packageOf)
	}
	used, ways := map[*subject]bool{}, map[string]int{}
	for _, w := range all {
		for _, n := range w.notes {
			used[n.subject] = true
			ways[n.how]++
		}
	}
	if len(used) != len(images) {
		t.Errorf("%d images are asked about, expected %d", len(used), len(images))
	}
	for how, want := range map[string]int{"storm": 40, "batch": 20, "tag and digest": 16, "one key twice": 8, "cancelled": 6, "tag": 20, "digest": 10} {
		if ways[how] != want {
			t.Errorf("%d evaluations are asked for as %s, expected %d", ways[how], how, want)
		}
	}
	if some := portion(&all, 50); evaluations(some)+evaluations(all) != 2*packageOf || evaluations(some) < 50 {
		t.Errorf("a portion of 50 has %d and leaves %d", evaluations(some), evaluations(all))
	}
}
