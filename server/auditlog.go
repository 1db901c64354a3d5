package server

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/identity"
)

// AuditLog keeps who was allowed or denied what.
type AuditLog interface {
	// Audit stores lines, all of them or none.
	Audit(ctx context.Context, entries ...identity.Entry) error
}

// deniedPerMinute is how many denials of a caller are written.
const deniedPerMinute = 10

// unwritten counts denials that were too many to write, by caller.
type unwritten struct {
	limits identity.Limits
	mu     sync.Mutex // guards counts
	counts map[string]int
}

// take reports whether a denial is to be written, and how many before it were
// not.
func (u *unwritten) take(caller string, now time.Time) (write bool, before int) {
	write = u.limits.Take(caller, deniedPerMinute, now) == 0
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.counts == nil {
		u.counts = map[string]int{}
	}
	if !write {
		u.counts[caller]++
		return false, 0
	}
	before = u.counts[caller]
	delete(u.counts, caller)
	return true, before
}

// audits reports whether what a caller does is stored: not without an audit
// log, and not where nobody is asked who calls.
func (s *Server) audits(caller identity.Caller) bool {
	return s.Audit != nil && caller.Kind != identity.KindAnonymous
}

// audit stores what was allowed.
func (s *Server) audit(c *gin.Context, entries []identity.Entry) error {
	caller := callerOf(c)
	if !s.audits(caller) || len(entries) == 0 {
		return nil
	}
	for i := range entries {
		entries[i].Caller, entries[i].Kind = caller.Name, caller.Kind
		entries[i].Decision = identity.Allowed
		s.complete(c, &entries[i])
	}
	if err := s.Audit.Audit(context.WithoutCancel(c.Request.Context()), entries...); err != nil {
		return gate.NewError(gate.CodeUnavailable, "the audit log cannot be written, so nothing is done: try again", err)
	}
	return nil
}

// denied stores a denial, unless the caller had too many.
func (s *Server) denied(c *gin.Context, e identity.Entry) {
	if e.Caller == "" {
		caller := callerOf(c)
		e.Caller, e.Kind = caller.Name, caller.Kind
	}
	s.Logger.Debug("denied", "request", c.GetString(requestKey), "caller", e.Caller, "verb", e.Verb, "repository", e.Repository)
	if s.Audit == nil {
		return
	}
	write, before := s.unwritten.take(e.Caller, time.Now())
	if !write {
		return
	}
	if before > 0 {
		e.Detail = strings.TrimPrefix(fmt.Sprintf("%s; %d denials before it were not written", e.Detail, before), "; ")
	}
	e.Decision = identity.Denied
	s.complete(c, &e)
	if err := s.Audit.Audit(context.WithoutCancel(c.Request.Context()), e); err != nil {
		s.Logger.Error("a denial was not written to the audit log", "request", c.GetString(requestKey), "error", err)
	}
}

// complete fills in what every line has, and bounds what came with a request.
func (s *Server) complete(c *gin.Context, e *identity.Entry) {
	e.At, e.Request = time.Now().UTC(), c.GetString(requestKey)
	e.Repository, e.Subject, e.Detail = printable(e.Repository), printable(e.Subject), printable(e.Detail)
}
