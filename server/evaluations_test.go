package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/identity"
)

// SubmitAll makes an evaluation of each image, named for it.
func (m *memory) SubmitAll(_ context.Context, reqs []gate.Request, key string) ([]gate.Evaluation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.submitted, m.keys = append(m.submitted, reqs...), append(m.keys, key)
	if m.err != nil {
		return nil, m.err
	}
	var out []gate.Evaluation
	for _, req := range reqs {
		e := gate.Evaluation{ID: "of-" + req.Image, Request: req, State: gate.Queued}
		if known, ok := m.answers[req.Image]; ok {
			e = known
		}
		out = append(out, e)
	}
	return out, nil
}

func (m *memory) Cancel(ctx context.Context, id string) (gate.Evaluation, error) {
	e, err := m.Get(ctx, id, 0)
	if err != nil {
		return e, err
	}
	if e.State == gate.Done {
		return e, gate.AlreadyDone(*e.Verdict)
	}
	v := gate.Cancelled(e, time.Unix(3, 0))
	e.State, e.Verdict = gate.Done, &v
	return e, nil
}

// list is a gate that lists a hundred and twenty evaluations.
type list struct {
	*memory
	asked gate.Filter
}

func (l *list) List(_ context.Context, f gate.Filter, after *gate.Position, limit int) ([]gate.Listed, error) {
	l.asked = f
	out := []gate.Listed{}
	for i := 119; i >= 0 && len(out) < limit; i-- {
		e := gate.Listed{ID: fmt.Sprintf("id-%03d", i), Image: "app", State: gate.Queued, CreatedAt: time.UnixMicro(int64(i / 2)).UTC()}
		if after == nil || e.CreatedAt.Before(after.CreatedAt) || (e.CreatedAt.Equal(after.CreatedAt) && e.ID < after.ID) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (m *memory) List(context.Context, gate.Filter, *gate.Position, int) ([]gate.Listed, error) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	return []gate.Listed{{ID: "0190-2", Image: "done", State: gate.Done, Digest: digest, Decision: gate.Fail, Policy: &gate.PolicyRef{Name: "default", Digest: digest}, Violations: 1, Warnings: 1, CreatedAt: at, DoneAt: at}}, nil
}

func TestAListShowsEvaluationsWithoutFindings(t *testing.T) {
	s, _ := newServer(t, Options{})
	w, d := call(t, s, "GET", "/v1/evaluations", "")
	items, _ := d["items"].([]any)
	if w.Code != 200 || len(items) != 1 || d["next"] != nil {
		t.Fatalf("%d %v", w.Code, d)
	}
	if one := items[0].(map[string]any); one["decision"] != "fail" || one["violations"] != 1.0 || one["policy"].(map[string]any)["name"] != "default" {
		t.Errorf("%v", one)
	}
}

func TestPagesFollowEachOtherToTheEnd(t *testing.T) {
	s, m := newServer(t, Options{})
	s.Evaluations = &list{memory: m}
	for limit, pages := range map[string]int{"": 3, "&limit=200": 1, "&limit=1": 120, "&limit=60": 2} {
		target, seen := "/v1/evaluations?image=app"+limit, []string{}
		n := 0
		for next := ""; n == 0 || next != ""; n++ {
			w, d := call(t, s, "GET", target+next, "")
			if w.Code != 200 {
				t.Fatalf("%d %v", w.Code, d)
			}
			for _, item := range d["items"].([]any) {
				seen = append(seen, item.(map[string]any)["id"].(string))
			}
			next = ""
			if cursor, ok := d["next"].(string); ok {
				next = "&cursor=" + cursor
			}
		}
		if n != pages || len(seen) != 120 || !slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) {
			t.Errorf("%q: %d evaluations on %d pages", limit, len(seen), n)
		}
	}
}

func TestFiltersArriveAsTheyWereAskedFor(t *testing.T) {
	s, m := newServer(t, Options{})
	l := &list{memory: m}
	s.Evaluations = l
	w, _ := call(t, s, "GET", "/v1/evaluations?image=r.example/team/**&digest="+digest+"&decision=fail&state=done&since=2026-06-01T14:00:00%2B02:00&until=2026-06-02T00:00:00Z", "")
	want := gate.Filter{Image: "r.example/team/**", Digest: digest, Decision: gate.Fail, State: gate.Done,
		Since: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), Until: time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC)}
	if w.Code != 200 || l.asked != want {
		t.Errorf("%d, asked for %+v, want %+v", w.Code, l.asked, want)
	}
}

func TestACursorIsGoodForItsOwnListOnly(t *testing.T) {
	at := gate.Position{CreatedAt: time.UnixMicro(1_780_315_200_000_001).UTC(), ID: "0199e1a2-5b1c-7d3e-8f40-a1b2c3d4e5f6"}
	f := gate.Filter{Image: "r.example/team/**", Since: time.Unix(1, 0).UTC()}
	good := writeCursor(at, f)
	if got, err := readCursor(good, f); err != nil || got != at {
		t.Fatalf("%+v, %v", got, err)
	}
	bad := map[string]string{"cut": good[:len(good)-2], "lengthened": good + "AA", "another alphabet": strings.Repeat("+", len(good)), "from elsewhere": "eyJpZCI6IjAxOTBlIn0", "of other filters": writeCursor(at, gate.Filter{}), "of a later version": "Ag" + good[2:]}
	for i := range len(good) {
		damaged := []byte(good)
		damaged[i] = 'A' + (damaged[i]-'A'+1)%26
		if string(damaged) != good {
			bad[fmt.Sprint("with another byte ", i)] = string(damaged)
		}
	}
	s, _ := newServer(t, Options{})
	target := "/v1/evaluations?image=" + url.QueryEscape(f.Image) + "&since=1970-01-01T00:00:01Z&cursor="
	if w, d := call(t, s, "GET", target+good, ""); w.Code != 200 {
		t.Errorf("the cursor itself: %d %v", w.Code, d)
	}
	for name, cursor := range bad {
		w, d := call(t, s, "GET", target+url.QueryEscape(cursor), "")
		if detail, _ := d["detail"].(string); w.Code != 400 || !strings.Contains(detail, "start again without it") {
			t.Errorf("%s: %d %v", name, w.Code, d)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(writeCursor(gate.Position{CreatedAt: time.Unix(1, 0), ID: "x"}, gate.Filter{}))
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, cursor string) {
		if p, err := readCursor(cursor, gate.Filter{}); err == nil && writeCursor(p, gate.Filter{}) != cursor {
			t.Errorf("%q is taken for %+v", cursor, p)
		}
	})
}

func TestListsAndBatchesSayWhatIsWrongWithARequest(t *testing.T) {
	s, m := newServer(t, Options{})
	many := `{"images":["a"` + strings.Repeat(`,"a"`, 100) + `]}`
	for name, test := range map[string]struct {
		method, target, body string
		status               int
		says                 string
	}{
		"a decision that is none":       {"GET", "/v1/evaluations?decision=maybe", "", 400, "decision"},
		"a state that is none":          {"GET", "/v1/evaluations?state=lost", "", 400, "state"},
		"a digest that is none":         {"GET", "/v1/evaluations?digest=latest", "", 400, "digest"},
		"a day instead of a moment":     {"GET", "/v1/evaluations?since=2026-06-01", "", 400, "since"},
		"until before since":            {"GET", "/v1/evaluations?since=2026-06-02T00:00:00Z&until=2026-06-01T00:00:00Z", "", 400, "until"},
		"too large a page":              {"GET", "/v1/evaluations?limit=201", "", 400, "limit"},
		"no page at all":                {"GET", "/v1/evaluations?limit=0", "", 400, "limit"},
		"a long cursor":                 {"GET", "/v1/evaluations?cursor=" + strings.Repeat("A", 300), "", 400, "cursor"},
		"an unknown one is cancelled":   {"DELETE", "/v1/evaluations/none", "", 404, "none"},
		"a done one is cancelled":       {"DELETE", "/v1/evaluations/0190-2", "", 409, "is decided (fail)"},
		"events of an unknown one":      {"GET", "/v1/evaluations/none/events", "", 404, "none"},
		"a batch of nothing":            {"POST", "/v1/evaluations:batch", `{"images":[]}`, 400, "images"},
		"a batch without images":        {"POST", "/v1/evaluations:batch", `{}`, 400, "images"},
		"a batch that is too long":      {"POST", "/v1/evaluations:batch", many, 400, "images"},
		"a batch with one bad image":    {"POST", "/v1/evaluations:batch", `{"images":["app","UPPER CASE"]}`, 400, "images[1]"},
		"a batch with a file":           {"POST", "/v1/evaluations:batch", `{"images":["app","oci:/etc"]}`, 400, "images[1]: image oci:/etc names a file"},
		"a batch with an unknown field": {"POST", "/v1/evaluations:batch", `{"images":["app"],"image":"app"}`, 400, "image"},
		"a batch that is too large":     {"POST", "/v1/evaluations:batch", `{"images":["` + strings.Repeat("a", maxBatch) + `"]}`, 413, "longer than"},
		"another verb on evaluations":   {"POST", "/v1/evaluations:delete", `{"images":["app"]}`, 404, "/openapi.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := call(t, s, test.method, test.target, test.body)
			if detail, _ := d["detail"].(string); w.Code != test.status || !strings.Contains(detail, test.says) {
				t.Errorf("%d %v, want %d and %q", w.Code, d, test.status, test.says)
			}
		})
	}
	if len(m.submitted) > 0 {
		t.Errorf("%v was submitted all the same", m.submitted)
	}
}

func TestCancellingAnswersWithTheVerdict(t *testing.T) {
	s, _ := newServer(t, Options{})
	w, d := call(t, s, "DELETE", "/v1/evaluations/0190-1", "")
	if w.Code != 200 || d["kind"] != "Verdict" || d["decision"] != "error" || d["error"].(map[string]any)["code"] != "cancelled" {
		t.Errorf("%d %v", w.Code, d)
	}
}

func TestABatchIsAnsweredImageByImage(t *testing.T) {
	s, m := newServer(t, Options{})
	w, d := call(t, s, "POST", "/v1/evaluations:batch", `{"images":["app","done"],"sign":true,"policy":"strict","platforms":["linux/amd64"]}`, "Idempotency-Key", "k")
	got, _ := json.Marshal(d["items"])
	want := `[{"id":"of-app","image":"app","location":"/v1/evaluations/of-app","state":"queued"},{"id":"0190-2","image":"done","location":"/v1/evaluations/0190-2","state":"done"}]`
	if w.Code != 202 || string(got) != want {
		t.Errorf("%d %s", w.Code, got)
	}
	asked := gate.Request{Image: "done", Sign: true, Policy: "strict", Platforms: []string{"linux/amd64"}, Caller: identity.NameAnonymous}
	if len(m.submitted) != 2 || fmt.Sprint(m.submitted[1]) != fmt.Sprint(asked) || m.keys[0] != "k" {
		t.Errorf("asked %+v under %q", m.submitted, m.keys)
	}
	long := `{"images":["` + strings.Repeat("a/", 500) + `b"` + strings.Repeat(`,"`+strings.Repeat("a/", 500)+`b"`, 99) + `]}`
	if w, d := call(t, s, "POST", "/v1/evaluations:batch", long); w.Code == 413 {
		t.Errorf("a hundred long references are too large: %d %v", w.Code, d)
	}
}
