package registrytest

import (
	"io"
	"net/http"
)

// Fault is one way for the registry to misbehave at GET requests.
type Fault struct {
	// Kind is which requests; empty means all.
	Kind Kind
	// Reference narrows it to one tag or digest; empty means any.
	Reference string
	// Times is how often; 0 means always.
	Times int

	// Status is answered instead of the object, with RetryAfter as that
	// header where it is not empty.
	Status     int
	RetryAfter string
	// BreakAfter breaks the connection after that many bytes of the object,
	// where it is not 0.
	BreakAfter int64
	// NoRanges makes the registry ignore Range headers.
	NoRanges bool
	// Body is answered instead of the object, with status 200.
	Body []byte
	// Redirect is answered as the Location of a 307.
	Redirect string

	used int // guarded by the registry's lock
}

// Inject adds a fault; the first that fits a request is used.
func (r *Registry) Inject(f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, &f)
}

// takes reports whether the fault concerns a request, and counts its use.
func (f *Fault) takes(kind Kind, reference string) bool {
	if (f.Kind != "" && f.Kind != kind) || (f.Reference != "" && f.Reference != reference) || (f.Times > 0 && f.used >= f.Times) {
		return false
	}
	f.used++
	return true
}

// serve answers, or prepares w and request for the real registry and returns
// false.
func (f *Fault) serve(w *metered, request *http.Request) bool {
	if f.NoRanges {
		request.Header.Del("Range")
	}
	if f.BreakAfter > 0 {
		w.limit = f.BreakAfter
	}
	switch {
	case f.Redirect != "":
		http.Redirect(w, request, f.Redirect, http.StatusTemporaryRedirect)
	case f.Status != 0:
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, `{"errors":[{"code":"UNKNOWN","message":"told to misbehave"}]}`)
	case f.Body != nil:
		_, _ = w.Write(f.Body)
	default:
		return false
	}
	return true
}

// metered counts the bytes of an answer, and breaks the connection at limit.
type metered struct {
	http.ResponseWriter
	n     int64
	limit int64 // -1: none
	sent  func(n int64)
}

func (m *metered) Write(p []byte) (int, error) {
	breaks := m.limit >= 0 && m.n+int64(len(p)) >= m.limit
	if breaks {
		p = p[:m.limit-m.n]
	}
	if m.sent != nil {
		m.sent(int64(len(p))) // before the reader can have them
	}
	n, err := m.ResponseWriter.Write(p)
	m.n += int64(n)
	if breaks {
		if f, ok := m.ResponseWriter.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	return n, err
}
