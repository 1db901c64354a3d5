package server

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// Whatever is sent is answered as the contract says, and only what it allows
// reaches the gate.
func FuzzCreateEvaluation(f *testing.F) {
	for _, body := range []string{`{"image": "app"}`, `{"image": "app", "platforms": ["linux/amd64"], "sign": true}`, `{"image": "oci:/x"}`, `{"image": "a"} {}`, `{"image": null}`, `[]`, "{\"image\": \"\xff\"}", `{"image":"a","image":"b"}`} {
		f.Add(body, "5", "key")
	}
	s, m := newServer(f, Options{})
	f.Fuzz(func(t *testing.T, body, wait, key string) {
		m.submitted = nil
		r := httptest.NewRequest("POST", "/v1/evaluations", strings.NewReader(body))
		q := r.URL.Query()
		q.Set("wait", wait)
		r.URL.RawQuery = q.Encode()
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		conforms(t, s, "POST", "/v1/evaluations", w)
		switch w.Code {
		case 200, 202:
		case 400, 413:
			if len(m.submitted) > 0 {
				t.Errorf("refused with %d, and submitted all the same", w.Code)
			}
		default:
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("the answer is not JSON: %q", w.Body)
		}
		for _, req := range m.submitted {
			if ref, err := gate.ParseReference(req.Image); err != nil || ref.Scheme != gate.SchemeRegistry || len(req.Image) > 1024 {
				t.Errorf("%q was submitted", req.Image)
			}
		}
	})
}

// A batch is accepted whole or not at all.
func FuzzCreateBatch(f *testing.F) {
	for _, body := range []string{`{"images": ["app", "app:2"]}`, `{"images": []}`, `{"images": ["oci:/x", "app"]}`, `{"images": [null]}`, `{"images": "app"}`, `{"images": ["a"], "images": ["b"]}`, `[]`} {
		f.Add(body, "key")
	}
	s, m := newServer(f, Options{})
	f.Fuzz(func(t *testing.T, body, key string) {
		m.submitted = nil
		r := httptest.NewRequest("POST", "/v1/evaluations:batch", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		conforms(t, s, "POST", "/v1/evaluations:batch", w)
		if accepted := w.Code == 202 || w.Code == 200; accepted != (len(m.submitted) > 0) || len(m.submitted) > 100 {
			t.Errorf("%d, and %d submitted: %s", w.Code, len(m.submitted), w.Body)
		}
		for _, req := range m.submitted {
			if ref, err := gate.ParseReference(req.Image); err != nil || ref.Scheme != gate.SchemeRegistry {
				t.Errorf("%q was submitted", req.Image)
			}
		}
	})
}
