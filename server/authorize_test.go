package server

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/identity"
)

// known are callers by their tokens.
type known map[string]identity.Caller

func (k known) Authenticate(_ context.Context, bearer string) (identity.Caller, error) {
	switch c, ok := k[bearer]; {
	case ok:
		return c, nil
	case bearer == "issuer-away":
		return c, gate.NewError(gate.CodeUnavailable, "the issuer does not give its keys: try again", nil)
	}
	return identity.Caller{}, gate.NewError(gate.CodeUnauthorized, "nobody has this token", nil)
}

func (k known) AuthenticateCertificate(*x509.Certificate) (identity.Caller, error) {
	return identity.Caller{}, gate.NewError(gate.CodeUnauthorized, "nobody has this certificate", nil)
}

// twoTeams is what two images in two repositories are known by.
type twoTeams struct{ latest, other gate.Verdict }

func (i twoTeams) Latest(context.Context, string, string) (*gate.Verdict, error) {
	return &i.latest, nil
}

func (i twoTeams) History(context.Context, string, int) ([]gate.Verdict, error) {
	return []gate.Verdict{i.latest, i.other}, nil
}

func right(repository string, verbs ...identity.Verb) identity.Right {
	return identity.Right{Verbs: verbs, Repositories: []string{repository}, Policies: []string{"strict"}}
}

var callers = known{
	"shop": {Name: "shop", Kind: identity.KindToken, Rights: []identity.Right{
		right("registry.example/shop/*", identity.Evaluate, identity.Read), right("registry.example/shop/web", identity.Sign), right("registry.example/shop/*", identity.Rescan)}},
	"reader": {Name: "reader", Kind: identity.KindToken, Rights: []identity.Right{right("**", identity.Read)}},
	"asker":  {Name: "asker", Kind: identity.KindToken, Rights: []identity.Right{right("registry.example/shop/*", identity.Evaluate)}},
	"none":   {Name: "none", Kind: identity.KindToken},
	"admin":  identity.Unbounded("admin", identity.KindJWT),
}

func newGuarded(t testing.TB) (*Server, *memory, *written) {
	t.Helper()
	log := &written{}
	s, m := newServer(t, Options{Token: "the-token-of-the-file", Callers: callers, Audit: log})
	for id, image := range map[string]string{"e-shop": "registry.example/shop/web:1", "e-bank": "registry.example/bank/core:1", "e-file": "oci:/tmp/layout"} {
		e := done()
		e.ID, e.Verdict.ID, e.Verdict.Image = id, id, image
		m.answers[id] = e
	}
	latest, other := *done().Verdict, *done().Verdict
	latest.ID, latest.Image = "v-bank", "registry.example/bank/copy@"+digest
	other.ID, other.Image = "v-shop", "registry.example/shop/web@"+digest
	s.Images = twoTeams{latest, other}
	return s, m, log
}

func TestEveryOperationSaysWhoMayDoIt(t *testing.T) {
	s, _ := newServer(t, Options{})
	var all []string
	for path, item := range s.contract.document.Paths.Map() {
		for method := range item.Operations() {
			name := method + " " + path
			all = append(all, name)
			o, ok := operations[name]
			if !ok {
				t.Errorf("%s: nobody says who may do it (authorize.go), so nobody may", name)
			}
			if o.open == strings.HasPrefix(path, "/v1/") || o.open == (o.demand != nil) {
				t.Errorf("%s: open is %t", name, o.open)
			}
		}
	}
	if len(all) != len(operations) {
		t.Errorf("rights for %d operations, and there are %d", len(operations), len(all))
	}
	for _, r := range s.engine.Routes() {
		if _, ok := routed[r.Method+" "+strings.ReplaceAll(r.Path, `\:`, ":")]; !ok {
			t.Errorf("%s %s: the router spells it otherwise", r.Method, r.Path)
		}
	}
}

func TestAnOperationThatNobodySpeaksOfIsDenied(t *testing.T) {
	s, _ := newServer(t, Options{})
	e := gin.New()
	e.Use(func(c *gin.Context) { c.Set(callerKey, callers["admin"]) }, s.authorize)
	e.GET("/v1/new", func(c *gin.Context) { c.Status(http.StatusOK) })
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("GET", "/v1/new", nil))
	if w.Code != http.StatusForbidden {
		t.Errorf("%d", w.Code)
	}
}

func TestCallersMayDoWhatTheirRightsSay(t *testing.T) {
	const web, core = `registry.example/shop/web:1`, `registry.example/bank/core:1`
	evaluate := func(image, more string) [3]string {
		return [3]string{"POST", "/v1/evaluations", `{"image": "` + image + `"` + more + `}`}
	}
	get := func(path string) [3]string { return [3]string{"GET", path, ""} }
	sign := func(repository string) [3]string {
		return [3]string{"POST", "/v1/signatures", `{"repository": "` + repository + `", "digest": "` + digest + `"}`}
	}
	for name, test := range map[string]struct {
		caller  string
		request [3]string
		status  int
		says    string
	}{
		"its own image":                  {"shop", evaluate(web, ""), 202, ""},
		"another's image":                {"shop", evaluate(core, ""), 403, `shop may not evaluate registry.example/bank/core: ask the gate's operator for the right \"evaluate\" on it`},
		"an image of Docker Hub":         {"shop", evaluate("shop/web", ""), 403, "docker.io/shop/web"},
		"a deeper image":                 {"shop", evaluate("registry.example/shop/a/b", ""), 403, "may not evaluate"},
		"a key of JSON given twice":      {"shop", [3]string{"POST", "/v1/evaluations", `{"image": "` + web + `", "image": "` + core + `"}`}, 403, "bank/core"},
		"with a signature":               {"shop", evaluate(web, `, "sign": true`), 202, ""},
		"with one that it may not":       {"shop", evaluate("registry.example/shop/db:1", `, "sign": true`), 403, "may not sign registry.example/shop/db"},
		"under a policy that it may":     {"shop", evaluate(web, `, "policy": "strict"`), 202, ""},
		"under another":                  {"shop", evaluate(web, `, "policy": "lax"`), 403, `under policy \"lax\": name no policy`},
		"a file of the server":           {"shop", evaluate("oci:/etc", ""), 400, "own machine"},
		"a reader who evaluates":         {"reader", evaluate(web, ""), 403, "reader may not evaluate"},
		"nobody":                         {"none", evaluate(web, ""), 403, "none may not evaluate"},
		"an admin":                       {"admin", evaluate(core, `, "policy": "lax", "sign": true`), 202, ""},
		"the token of the file":          {"the-token-of-the-file", evaluate(core, ""), 202, ""},
		"a batch":                        {"shop", [3]string{"POST", "/v1/evaluations:batch", `{"images": ["` + web + `", "registry.example/shop/db"]}`}, 202, ""},
		"a batch with another's":         {"shop", [3]string{"POST", "/v1/evaluations:batch", `{"images": ["` + web + `", "` + core + `"]}`}, 403, "bank/core"},
		"a batch with a signature":       {"shop", [3]string{"POST", "/v1/evaluations:batch", `{"images": ["` + web + `", "registry.example/shop/db"], "sign": true}`}, 403, "may not sign registry.example/shop/db"},
		"its own evaluation":             {"shop", get("/v1/evaluations/e-shop"), 200, "shop/web"},
		"another's evaluation":           {"shop", get("/v1/evaluations/e-bank"), 404, `there is no evaluation \"e-bank\"`},
		"an evaluation of a file":        {"shop", get("/v1/evaluations/e-file"), 404, ""},
		"the same, who reads everything": {"reader", get("/v1/evaluations/e-file"), 200, ""},
		"another's events":               {"shop", get("/v1/evaluations/e-bank/events"), 404, ""},
		"calling another's off":          {"shop", [3]string{"DELETE", "/v1/evaluations/e-bank", ""}, 404, "there is no evaluation"},
		"calling off what one may read":  {"reader", [3]string{"DELETE", "/v1/evaluations/e-bank", ""}, 403, "may not evaluate registry.example/bank/core"},
		"the list":                       {"shop", get("/v1/evaluations"), 200, ""},
		"the list, with no right":        {"asker", get("/v1/evaluations"), 403, "asker may not read any repository"},
		"an image, with no right":        {"asker", get("/v1/images/" + digest), 403, "may not read any repository"},
		"signing its own":                {"shop", sign("registry.example/shop/web"), 200, ""},
		"signing another's":              {"shop", sign("registry.example/bank/core"), 403, "may not sign"},
		"signing by another spelling":    {"shop", sign("registry.example:443/shop/web"), 403, "may not sign"},
		"verifying its own":              {"shop", [3]string{"POST", "/v1/verifications", `{"image": "` + web + `"}`}, 200, ""},
		"verifying another's":            {"shop", [3]string{"POST", "/v1/verifications", `{"image": "` + core + `"}`}, 403, "may not read"},
		"rescanning its own":             {"shop", [3]string{"POST", "/v1/rescans", `{"pattern": "registry.example/shop/*"}`}, 202, ""},
		"rescanning deeper":              {"shop", [3]string{"POST", "/v1/rescans", `{"pattern": "registry.example/shop/**"}`}, 403, "may not rescan"},
		"rescanning everything":          {"shop", [3]string{"POST", "/v1/rescans", `{}`}, 403, "may not rescan all repositories"},
		"an admin rescans everything":    {"admin", [3]string{"POST", "/v1/rescans", `{}`}, 202, ""},
		"a rescan of everything":         {"shop", get("/v1/rescans/r1"), 404, `there is no rescan \"r1\"`},
		"a rescan that one may read":     {"reader", get("/v1/rescans/r1"), 403, "may not rescan all repositories"},
		"manifests with another's image": {"shop", [3]string{"POST", "/v1/workloads:check", `{"manifests": "kind: Pod"}`}, 403, "docker.io/library/app"},
		"manifests":                      {"reader", [3]string{"POST", "/v1/workloads:check", `{"manifests": "kind: Pod"}`}, 200, ""},
		"no token":                       {"", get("/v1/evaluations/e-shop"), 401, "Bearer"},
		"a wrong token":                  {"wrong", get("/v1/evaluations/e-shop"), 401, "nobody has this token"},
		"an issuer that is away":         {"issuer-away", get("/v1/evaluations/e-shop"), 503, "try again"},
	} {
		t.Run(name, func(t *testing.T) {
			s, m, _ := newGuarded(t)
			w, _ := call(t, s, test.request[0], test.request[1], test.request[2], "Authorization", "Bearer "+test.caller)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) {
				t.Errorf("%d %s; want %d and %q", w.Code, w.Body, test.status, test.says)
			}
			if test.status != 202 && len(m.submitted) > 0 {
				t.Errorf("%+v was submitted all the same", m.submitted)
			}
		})
	}
}

// What a caller may not read must be answered as what does not exist.
func TestWhatMayNotBeReadIsLikeWhatIsNot(t *testing.T) {
	s, _, _ := newGuarded(t)
	for _, path := range []string{"GET /v1/evaluations/%s", "GET /v1/evaluations/%s?wait=1", "GET /v1/evaluations/%s/events", "DELETE /v1/evaluations/%s"} {
		var seen []string
		for _, id := range []string{"e-bank", "e-none"} {
			method, target, _ := strings.Cut(fmt.Sprintf(path, id), " ")
			w, d := call(t, s, method, target, "", "Authorization", "Bearer shop")
			delete(d, "instance")
			w.Header().Del("X-Request-Id")
			text, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, strings.ReplaceAll(fmt.Sprint(w.Code, w.Header(), string(text)), id, "ID"))
		}
		if seen[0] != seen[1] {
			t.Errorf("%s: what is another's: %s\nwhat is not: %s", path, seen[0], seen[1])
		}
	}
}

func TestOneDigestInTwoRepositoriesIsReadByEachCallersOwn(t *testing.T) {
	s, _, _ := newGuarded(t)
	s.Reports = s.Evaluations.(*memory)
	for _, path := range []string{"", "/report"} {
		w, _ := call(t, s, "GET", "/v1/images/"+digest+path, "", "Authorization", "Bearer shop")
		if w.Code != 200 || strings.Contains(w.Body.String(), "bank") || !strings.Contains(w.Body.String(), "registry.example/shop/web") {
			t.Errorf("%q: %d %s", path, w.Code, w.Body)
		}
		w, _ = call(t, s, "GET", "/v1/images/"+digest+path, "", "Authorization", "Bearer reader")
		if w.Code != 200 || !strings.Contains(w.Body.String(), "bank") {
			t.Errorf("%q, who reads everything: %d %s", path, w.Code, w.Body)
		}
	}
	teams := s.Images.(twoTeams)
	teams.other = teams.latest
	s.Images = teams
	for _, path := range []string{"", "/report", "/sbom"} {
		w, _ := call(t, s, "GET", "/v1/images/"+digest+path, "", "Authorization", "Bearer shop")
		if w.Code != 404 || !strings.Contains(w.Body.String(), "was never evaluated") || strings.Contains(w.Body.String(), "bank") {
			t.Errorf("another's %q: %d %s", path, w.Code, w.Body)
		}
	}
}

// many lists evaluations, of which every hundredth is the shop's.
type many struct{ *memory }

func (m many) List(_ context.Context, _ gate.Filter, after *gate.Position, limit int) (out []gate.Listed, _ error) {
	from := 0
	if after != nil {
		_, _ = fmt.Sscanf(after.ID, "e-%d", &from)
	}
	for i := from + 1; i <= 1000 && len(out) < limit; i++ {
		l := gate.Listed{ID: fmt.Sprintf("e-%d", i), Image: "registry.example/bank/core:1", State: gate.Queued, CreatedAt: done().Verdict.DecidedAt}
		if i%100 == 0 {
			l.Image = "registry.example/shop/web:1"
		}
		out = append(out, l)
	}
	return out, nil
}

func TestAListHoldsWhatMayBeReadAndTellsOfNothingElse(t *testing.T) {
	s, m, _ := newGuarded(t)
	s.Evaluations = many{m}
	var ids []string
	for target := "/v1/evaluations?limit=4"; target != ""; {
		w, d := call(t, s, "GET", target, "", "Authorization", "Bearer shop")
		if w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		for _, item := range d["items"].([]any) {
			ids = append(ids, item.(map[string]any)["id"].(string))
		}
		if strings.Contains(w.Body.String(), "bank") {
			t.Fatal("another's evaluation is listed")
		}
		target = ""
		if next, _ := d["next"].(string); next != "" {
			target = "/v1/evaluations?limit=4&cursor=" + next
		}
	}
	if want := "e-100 e-200 e-300 e-400 e-500 e-600 e-700 e-800 e-900 e-1000"; strings.Join(ids, " ") != want {
		t.Errorf("listed are %v, want %s", ids, want)
	}
}

func TestCallersKeysAreTheirOwn(t *testing.T) {
	s, m, _ := newGuarded(t)
	for _, caller := range []string{"shop", "asker", "admin"} {
		if w, _ := call(t, s, "POST", "/v1/evaluations", `{"image": "registry.example/shop/web"}`, "Authorization", "Bearer "+caller, "Idempotency-Key", "k"); w.Code != 202 {
			t.Fatalf("%s: %d", caller, w.Code)
		}
	}
	if got := strings.Join(m.keys, " "); got != "shop/k asker/k k" {
		t.Errorf("keys are %s", got)
	}
}
