package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// note is what a caller remembers of one thing it asked for.
type note struct {
	caller  string
	how     string // "tag", "digest", "storm", …
	key     string // Idempotency-Key
	subject *subject
	round   int
	asked   time.Time

	mu sync.Mutex // guards what follows, which several requests write
	// ids are all that were given for the key.
	ids map[string]bool
	// verdicts are the documents seen, by evaluation, without their signature.
	verdicts map[string]string
	verdict  *gate.Verdict
	answered time.Time
	// again are the notes of asking again after an error.
	again *note
	// failed is why a caller gave up, which no caller should.
	failed error
	// changed is a verdict that was not the one seen before.
	changed string
}

func newNote(caller, how, key string, s *subject, round int) *note {
	return &note{caller: caller, how: how, key: key, subject: s, round: round, asked: time.Now(), ids: map[string]bool{}, verdicts: map[string]string{}}
}

func (n *note) accepted(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ids[id] = true
}

func (n *note) fail(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.failed == nil {
		n.failed = err
	}
}

// saw takes a verdict down, and holds it against the one seen before.
func (n *note) saw(v gate.Verdict) {
	unsigned := v
	unsigned.Signature = gate.SignatureState{}
	text, err := json.Marshal(unsigned)
	if err != nil {
		n.fail(err)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	before, seen := n.verdicts[v.ID]
	if seen && before != string(text) {
		n.changed = fmt.Sprintf("%s was %.300s and is %.300s", v.ID, before, text)
	}
	n.verdicts[v.ID] = string(text)
	n.ids[v.ID] = true
	if n.verdict == nil {
		n.verdict, n.answered = &v, time.Now()
	}
}

// waited is how long the caller was without a verdict.
func (n *note) waited() time.Duration { return n.answered.Sub(n.asked) }

// final is the note whose verdict the caller ends with.
func (n *note) final() *note {
	for n.again != nil {
		n = n.again
	}
	return n
}

// wrong says what is wrong with the answer, if anything.
func (n *note) wrong() string {
	last := n.final()
	v := last.verdict
	switch {
	case v == nil:
		return ""
	case v.WasCancelled():
		if n.how == "cancelled" {
			return ""
		}
		return "it was cancelled, and nobody asked for that"
	case v.Decision != n.subject.expect:
		return fmt.Sprintf("the verdict is %s, expected %s (%s)", v.Decision, n.subject.expect, reason(v))
	case v.Digest != n.subject.digest:
		return fmt.Sprintf("the verdict is on %s, expected %s", v.Digest, n.subject.digest)
	}
	return ""
}

// reason is the first thing a verdict says for itself.
func reason(v *gate.Verdict) string {
	if v.Error != nil {
		return fmt.Sprintf("%s: %s", v.Error.Code, v.Error.Message)
	}
	for _, violation := range v.Violations {
		return violation.Check + " " + violation.Message
	}
	return "nothing denies it"
}

// read decodes an answer: a verdict, or the id of an evaluation under way.
func read(r *http.Response, err error) (*gate.Verdict, string, error) {
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, "", err
	}
	if r.StatusCode >= 300 {
		return nil, "", &refusal{r.StatusCode, fmt.Sprintf("%s %s: %s %.300s", r.Request.Method, r.Request.URL.Path, r.Status, bytes.TrimSpace(text))}
	}
	var v gate.Verdict
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, "", err
	}
	switch {
	case v.ID == "":
		return nil, "", fmt.Errorf("an answer without an id: %.300s", text)
	case v.Kind == gate.KindVerdict:
		return &v, v.ID, nil
	}
	return nil, v.ID, nil
}

// refusal is an answer that gatectl gives up at.
type refusal struct {
	status  int
	message string
}

func (e *refusal) Error() string { return e.message }
