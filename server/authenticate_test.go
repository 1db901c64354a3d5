package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/imagegate/imagegate/internal/identity"
)

// written is an audit log.
type written struct {
	mu      sync.Mutex
	entries []identity.Entry
	err     error
}

func (w *written) Audit(_ context.Context, entries ...identity.Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.entries = append(w.entries, entries...)
	}
	return w.err
}

func TestTheAuditLogSaysWhoDidWhat(t *testing.T) {
	for name, test := range map[string]struct {
		caller, method, target, body string
		want                         []identity.Entry
	}{
		"an evaluation": {"shop", "POST", "/v1/evaluations", `{"image": "registry.example/shop/web:1", "policy": "strict"}`,
			[]identity.Entry{{Caller: "shop", Verb: "evaluate", Repository: "registry.example/shop/web", Subject: "0190-1", Decision: "allowed", Detail: "policy strict"}}},
		"one with a signature": {"shop", "POST", "/v1/evaluations", `{"image": "registry.example/shop/web:1", "sign": true}`,
			[]identity.Entry{{Caller: "shop", Verb: "sign", Repository: "registry.example/shop/web", Decision: "allowed"}, {Caller: "shop", Verb: "evaluate", Repository: "registry.example/shop/web", Subject: "0190-1", Decision: "allowed"}}},
		"an admin's": {"admin", "POST", "/v1/evaluations", `{"image": "registry.example/bank/core"}`,
			[]identity.Entry{{Caller: "admin", Verb: "evaluate", Repository: "registry.example/bank/core", Subject: "0190-1", Decision: "allowed"}}},
		"the token of the file": {"the-token-of-the-file", "POST", "/v1/rescans", `{}`,
			[]identity.Entry{{Caller: "token-file", Verb: "rescan", Decision: "allowed"}}},
		"a signature": {"shop", "POST", "/v1/signatures", `{"repository": "registry.example/shop/web", "digest": "` + digest + `"}`,
			[]identity.Entry{{Caller: "shop", Verb: "sign", Repository: "registry.example/shop/web", Subject: digest, Decision: "allowed"}}},
		"calling off": {"shop", "DELETE", "/v1/evaluations/e-shop", ``,
			[]identity.Entry{{Caller: "shop", Verb: "evaluate", Repository: "registry.example/shop/web", Subject: "e-shop", Decision: "allowed"}}},
		"a denial": {"shop", "POST", "/v1/signatures", `{"repository": "registry.example/bank/core", "digest": "` + digest + `"}`,
			[]identity.Entry{{Caller: "shop", Verb: "sign", Repository: "registry.example/bank/core", Subject: digest, Decision: "denied"}}},
		"a denial like what is not": {"shop", "GET", "/v1/evaluations/e-bank", ``,
			[]identity.Entry{{Caller: "shop", Verb: "read", Repository: "registry.example/bank/core", Subject: "e-bank", Decision: "denied"}}},
		"a wrong token": {"wrong", "GET", "/v1/evaluations/e-bank", ``,
			[]identity.Entry{{Caller: "unknown", Verb: "authenticate", Decision: "denied", Detail: "nobody has this token"}}},
		"reading":                 {"shop", "GET", "/v1/evaluations/e-shop", ``, nil},
		"what was not accepted":   {"shop", "POST", "/v1/evaluations", `{"image": "registry.example/shop/web:1", "x": 1}`, nil},
		"what is no image":        {"shop", "POST", "/v1/evaluations", `{"image": "UPPER CASE"}`, nil},
		"an evaluation of no one": {"shop", "GET", "/v1/evaluations/e-none", ``, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, log := newGuarded(t)
			call(t, s, test.method, test.target, test.body, "Authorization", "Bearer "+test.caller)
			if len(log.entries) != len(test.want) {
				t.Fatalf("written is %+v, want %+v", log.entries, test.want)
			}
			for i, got := range log.entries {
				if got.At.IsZero() || len(got.Request) != 16 {
					t.Errorf("no time or request: %+v", got)
				}
				got.At, got.Request, got.Kind = test.want[i].At, "", ""
				if got != test.want[i] {
					t.Errorf("written is %+v, want %+v", got, test.want[i])
				}
			}
		})
	}
}

func TestNothingIsSignedThatCannotBeWrittenDown(t *testing.T) {
	s, m, log := newGuarded(t)
	log.err = errors.New("disk is full")
	for target, body := range map[string]string{
		"/v1/signatures":  `{"repository": "registry.example/shop/web", "digest": "` + digest + `"}`,
		"/v1/evaluations": `{"image": "registry.example/shop/web:1", "sign": true}`,
	} {
		if w, d := call(t, s, "POST", target, body, "Authorization", "Bearer shop"); w.Code != 503 || d["retryable"] != true || strings.Contains(w.Body.String(), "disk") {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	if len(m.submitted) > 0 {
		t.Errorf("%+v was submitted", m.submitted)
	}
}

func TestManyDenialsAreCountedAndNotWritten(t *testing.T) {
	s, _, log := newGuarded(t)
	for range 500 {
		call(t, s, "GET", "/v1/evaluations/e-bank", "", "Authorization", "Bearer shop")
	}
	if n := len(log.entries); n < deniedPerMinute || n > deniedPerMinute+5 {
		t.Errorf("500 denials are %d lines", n)
	}
	call(t, s, "GET", "/v1/evaluations/e-bank", "", "Authorization", "Bearer wrong")
	if last := log.entries[len(log.entries)-1]; last.Caller != unknownCaller {
		t.Errorf("another caller's denial is not written: %+v", last)
	}
	var u unwritten
	now := done().Verdict.DecidedAt
	for range deniedPerMinute + 7 {
		u.take("a", now)
	}
	if write, before := u.take("a", now.AddDate(0, 0, 1)); !write || before != 7 {
		t.Errorf("a day later: %t, %d before", write, before)
	}
}

func TestACallerWhoCallsTooOftenIsToldWhenToComeBack(t *testing.T) {
	slow := identity.Unbounded("slow", identity.KindToken)
	slow.PerMinute = 2
	s, _ := newServer(t, Options{Callers: known{"slow": slow, "other": identity.Unbounded("other", identity.KindToken)}})
	for _, want := range []int{200, 200, 429} {
		w, d := call(t, s, "GET", "/v1/evaluations/0190-2", "", "Authorization", "Bearer slow")
		if w.Code != want {
			t.Errorf("%d %s, want %d", w.Code, w.Body, want)
		}
		if want == 429 && (w.Header().Get("Retry-After") != "30" || d["code"] != "limit" || d["retryable"] != true) {
			t.Errorf("%v %v", w.Header(), d)
		}
	}
	if w, _ := call(t, s, "GET", "/v1/evaluations/0190-2", "", "Authorization", "Bearer other"); w.Code != 200 {
		t.Errorf("another caller: %d", w.Code)
	}
}

func TestCredentialsAreNeitherLoggedNorWritten(t *testing.T) {
	var logged bytes.Buffer
	log := &written{}
	s, _ := newServer(t, Options{Token: "secret-of-the-file", Callers: known{"secret-of-a-caller": callers["shop"]}, Audit: log,
		Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	for _, token := range []string{"secret-of-the-file", "secret-of-a-caller", "secret-that-is-wrong"} {
		w, _ := call(t, s, "POST", "/v1/evaluations", `{"image": "registry.example/bank/core"}`, "Authorization", "Bearer "+token)
		for _, text := range []string{w.Body.String(), logged.String()} {
			if strings.Contains(text, "secret") {
				t.Errorf("a token is shown: %s", text)
			}
		}
	}
	for _, e := range log.entries {
		if strings.Contains(e.Detail+e.Subject+e.Caller, "secret") {
			t.Errorf("a token is written: %+v", e)
		}
	}
	if !strings.Contains(logged.String(), "caller=shop") {
		t.Error("the log does not say who called")
	}
}

func TestABearerHeaderHasOneToken(t *testing.T) {
	for _, test := range []struct {
		headers []string
		want    string
	}{
		{[]string{"Bearer x"}, "x"}, {[]string{"bearer x"}, "x"}, {[]string{"Bearer  x "}, "x"},
		{nil, ""}, {[]string{"Bearer"}, ""}, {[]string{"Bearer "}, ""}, {[]string{"Basic x"}, ""}, {[]string{"Bearer x y"}, ""},
		{[]string{"Bearer x", "Bearer x"}, ""}, {[]string{"x"}, ""}, {[]string{"Bearer\tx"}, ""},
	} {
		got, ok := bearer(test.headers)
		if ok != (test.want != "") || (ok && got != test.want) {
			t.Errorf("%q: %q, %t", test.headers, got, ok)
		}
	}
}

// Only the one token opens anything, however the header is written.
func FuzzAuthorization(f *testing.F) {
	for _, h := range []string{"", "Bearer shop", "bearer  shop", "Bearer", "Basic shop", "Bearer shop shop", "Bearer \x00shop", "Bearer " + strings.Repeat("a", 20000)} {
		f.Add(h)
	}
	s, _ := newServer(f, Options{Callers: known{"shop": identity.Unbounded("shop", identity.KindToken)}})
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("GET", "/v1/evaluations/0190-2", nil)
		r.Header["Authorization"] = []string{header}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		fields := strings.Fields(header)
		own := len(fields) == 2 && strings.EqualFold(fields[0], "bearer") && fields[1] == "shop"
		if w.Code != 401 && (w.Code != 200 || !own) && w.Code != 503 {
			t.Errorf("%q: %d", header, w.Code)
		}
	})
}
