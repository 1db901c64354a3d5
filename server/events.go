package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
)

// defaultStreams is how many event streams may be open where nobody says.
const defaultStreams = 512

// streams bounds event streams, and says how they tick.
type streams struct {
	seats chan struct{}
	// pulse is how often progress is looked at, heartbeat how long a stream is
	// silent at most, and write how long a reader may take for one event.
	pulse, heartbeat, write time.Duration
}

func newStreams(most int) streams {
	if most <= 0 {
		most = defaultStreams
	}
	return streams{seats: make(chan struct{}, most), pulse: time.Second, heartbeat: 15 * time.Second, write: 30 * time.Second}
}

// GetEvaluationEvents is GET /v1/evaluations/{id}/events. Nothing is queued for
// a reader: each pulse it gets how far the evaluation is by then.
func (s *Server) GetEvaluationEvents(c *gin.Context, id string) {
	select {
	case s.streams.seats <- struct{}{}:
		defer func() { <-s.streams.seats }()
	default:
		s.problem(c, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%d event streams are open already: ask with GET /v1/evaluations/%s?wait=60, or try again", cap(s.streams.seats), printable(id)), nil))
		return
	}
	e, err := s.Evaluations.Get(c.Request.Context(), id, 0)
	if err != nil {
		s.problem(c, err)
		return
	}
	waiting, stop := s.untilDraining(c.Request.Context())
	defer stop()
	out := s.newStream(c)
	err = out.comment()
	for shown := (gate.Progress{}); err == nil; {
		switch {
		case e.State == gate.Done:
			_ = out.event("verdict", e.Verdict) // who is gone gets it elsewhere
			return
		case e.Progress != shown:
			shown = e.Progress
			err = out.event("progress", shown)
		case time.Since(out.last) >= s.streams.heartbeat:
			err = out.comment()
		}
		if err == nil {
			e, err = s.Evaluations.Get(waiting, id, s.streams.pulse)
		}
		if waiting.Err() != nil && e.State != gate.Done {
			return
		}
	}
	s.Logger.Debug("an event stream was cut short", "request", c.GetString(requestKey), "evaluation", id, "error", err)
}

// stream writes server-sent events (WHATWG HTML, section 9.2).
type stream struct {
	c       *gin.Context
	control *http.ResponseController
	write   time.Duration
	last    time.Time
	events  int
}

func (s *Server) newStream(c *gin.Context) *stream {
	c.Header("Content-Type", "text/event-stream")
	c.Header("X-Accel-Buffering", "no") // nginx passes events on at once
	c.Status(http.StatusOK)
	return &stream{c: c, control: http.NewResponseController(c.Writer), write: s.streams.write}
}

// event writes one event. Ids count from 1 in every stream: an evaluation has
// one newest progress and one verdict, so there is nothing to resume.
func (o *stream) event(name string, data any) error {
	var document bytes.Buffer
	encoder := json.NewEncoder(&document)
	encoder.SetEscapeHTML(false) // as respond does
	if err := encoder.Encode(data); err != nil {
		return err
	}
	o.events++
	return o.send(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", o.events, name, bytes.TrimSuffix(document.Bytes(), []byte("\n"))))
}

// comment keeps the connection, and whatever stands between, from idling.
func (o *stream) comment() error { return o.send(":\n\n") }

// send gives a reader its time for one event; the connection's bound for
// answers would end every stream after some minutes.
func (o *stream) send(text string) error {
	o.last = time.Now()
	_ = o.control.SetWriteDeadline(o.last.Add(o.write)) // not every writer has one
	if _, err := o.c.Writer.WriteString(text); err != nil {
		return err
	}
	o.c.Writer.Flush()
	return nil
}
