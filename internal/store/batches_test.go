package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// ask is evaluations of images, as they come in, with ids of their own.
func ask(prefix string, images ...string) (out []gate.Evaluation) {
	for i, image := range images {
		out = append(out, gate.Evaluation{ID: fmt.Sprintf("%s%d", prefix, i), Request: gate.Request{Image: image}, State: gate.Queued, CreatedAt: noon})
	}
	return out
}

func idsOf(es []gate.Evaluation) (out []string) {
	for _, e := range es {
		out = append(out, e.ID)
	}
	return out
}

func TestABatchIsAnsweredInOrderAndSameImagesAreOne(t *testing.T) {
	s := openTest(t)
	j := work(t, s, passing(s), JobsOptions{})
	decided := verdict("earlier", gate.Pass, noon)
	record(t, s, decided, nil, "")
	batch := ask("a", "nginx", "r.example/app:1", "docker.io/library/nginx:latest", "r.example/app:1", "r.example/done:1")
	batch[4].ID, batch[4].State, batch[4].Verdict = "earlier", gate.Done, &decided
	got, err := j.SubmitAll(t.Context(), batch, "")
	if err != nil || fmt.Sprint(idsOf(got)) != "[a0 a1 a0 a1 earlier]" || got[4].State != gate.Done {
		t.Fatalf("%v, %v", idsOf(got), err)
	}
	for _, id := range []string{"a0", "a1"} {
		done(t, s, id)
	}
	if _, err := s.Evaluation(t.Context(), "a2"); gate.CodeOf(err) != gate.CodeNotFound {
		t.Errorf("the second of an image was stored: %v", err)
	}
}

func TestABatchIsAcceptedAsAWholeOrNotAtAll(t *testing.T) {
	s := openTest(t)
	j := work(t, s, passing(s), JobsOptions{})
	accept(t, s, "a2", "another", noon) // the third of the batch cannot be stored
	if _, err := j.SubmitAll(t.Context(), ask("a", "one", "two", "three"), "key"); err == nil {
		t.Fatal("a batch that cannot be stored is accepted")
	}
	if got := ids(list(t, s, gate.Filter{}, nil, 50)); got != "a2" {
		t.Errorf("of a batch that was refused, %q is stored", got)
	}
	if got, err := j.SubmitAll(t.Context(), ask("b", "one", "two", "three"), "key"); err != nil || len(got) != 3 {
		t.Errorf("the key was used up: %v", err)
	}
}

func TestAnIdempotencyKeyNamesABatchAsAWhole(t *testing.T) {
	s := openTest(t)
	j := work(t, s, passing(s), JobsOptions{})
	all := func(prefix, key string, images ...string) ([]gate.Evaluation, error) {
		return j.SubmitAll(context.Background(), ask(prefix, images...), key)
	}
	if _, err := all("a", "key", "one", "two", "one"); err != nil {
		t.Fatal(err)
	}
	done(t, s, "a0")
	again, err := all("b", "key", "one", "two", "one")
	if err != nil || fmt.Sprint(idsOf(again)) != "[a0 a1 a0]" || again[0].State != gate.Done {
		t.Errorf("the same batch again: %v, %v", idsOf(again), err)
	}
	for name, images := range map[string][]string{"another order": {"two", "one", "one"}, "fewer": {"one", "two"}, "another image": {"one", "two", "three"}} {
		if _, err := all("c", "key", images...); gate.CodeOf(err) != gate.CodeConflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := submit(t, j, "d", "key", "one"); gate.CodeOf(err) != gate.CodeConflict {
		t.Errorf("one evaluation under the batch's key: %v", err)
	}
	if _, _, err := submit(t, j, "e", "single", "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := all("f", "single", "one"); gate.CodeOf(err) != gate.CodeConflict {
		t.Errorf("a batch under an evaluation's key: %v", err)
	}
	if again, created, err := submit(t, j, "g", "single", "one"); err != nil || created || again.ID != "e" {
		t.Errorf("the evaluation again: %v %v %v", again.ID, created, err)
	}
}
