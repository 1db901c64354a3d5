package server

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/identity"
)

// operation says what a caller needs for one operation of the contract.
type operation struct {
	// open is for everybody, also without a token.
	open bool
	// demand finds what is needed from the request.
	demand func(*Server, *gin.Context) (demand, error)
	// before has the allowed call written to the audit log before anything is
	// done, and after when it was accepted.
	before, after bool
}

// demand is what one request needs.
type demand struct {
	needs []need
	// subject is what it is about, for the audit log.
	subject string
	// absent is the answer to a caller who may not even read what the request
	// names by an id: the same as where there is no such thing. It is nil where
	// the caller named the repository.
	absent error
}

// need is a right that the caller must have.
type need struct {
	identity.Ask
	scope scope
}

// scope says how Ask.Repository is meant.
type scope int

const (
	one  scope = iota // a repository
	all               // a pattern, all of whose repositories count
	some              // nothing: the right on any repository will do
)

func (n need) of(c identity.Caller) bool {
	switch n.scope {
	case all:
		return c.MayAll(n.Verb, n.Repository)
	case some:
		return c.MaySome(n.Verb)
	}
	return c.May(n.Ask)
}

// operations is the one place that says who may do what, by method and path of
// the contract. What is not in it is denied to all.
var operations = map[string]operation{
	"POST /v1/evaluations":            {demand: (*Server).evaluating, after: true},
	"GET /v1/evaluations":             {demand: anyOf(identity.Read)}, // listReadable leaves out the others
	"POST /v1/evaluations:batch":      {demand: (*Server).evaluatingAll, after: true},
	"GET /v1/evaluations/{id}":        {demand: ofEvaluation(identity.Read)},
	"GET /v1/evaluations/{id}/events": {demand: ofEvaluation(identity.Read)},
	"DELETE /v1/evaluations/{id}":     {demand: ofEvaluation(identity.Evaluate), before: true},
	"GET /v1/images/{digest}":         {demand: anyOf(identity.Read)}, // newest and readable see to the rest
	"GET /v1/images/{digest}/report":  {demand: anyOf(identity.Read)},
	"GET /v1/images/{digest}/sbom":    {demand: anyOf(identity.Read)},
	"POST /v1/signatures":             {demand: (*Server).signing, before: true},
	"POST /v1/verifications":          {demand: (*Server).verifying},
	"POST /v1/rescans":                {demand: (*Server).rescanning, before: true},
	"GET /v1/rescans/{id}":            {demand: (*Server).rescan},
	"POST /v1/workloads:check":        {demand: anyOf(identity.Read)}, // allowImages sees to the rest
	"GET /metrics":                    {open: true},
	"GET /healthz":                    {open: true},
	"GET /readyz":                     {open: true},
	"GET /openapi.yaml":               {open: true},
	"GET /docs":                       {open: true},
}

// routed is operations by the router's spelling of paths.
var routed = func() map[string]operation {
	out := map[string]operation{}
	for name, o := range operations {
		out[strings.NewReplacer("{", ":", "}", "").Replace(name)] = o
	}
	return out
}()

// authorize lets only requests through that the caller has the rights for.
func (s *Server) authorize(c *gin.Context) {
	if c.FullPath() == "" {
		return
	}
	o, known := routed[c.Request.Method+" "+c.FullPath()]
	if o.open {
		return
	}
	caller := callerOf(c)
	if !known {
		s.forbid(c, need{Ask: identity.Ask{Verb: identity.Admin}}, demand{})
		return
	}
	ownKeys(c, caller)
	if caller.Everything() && (!s.audits(caller) || (!o.before && !o.after)) {
		return
	}
	d, err := o.demand(s, c)
	if err != nil {
		s.problem(c, err)
		return
	}
	for _, n := range d.needs {
		if !n.of(caller) {
			s.forbid(c, n, d)
			return
		}
	}
	s.proceed(c, o, d)
}

// proceed answers the request and writes to the audit log. What signs is
// written first: a signature that nobody can account for is not made.
func (s *Server) proceed(c *gin.Context, o operation, d demand) {
	var before, after []identity.Entry
	for _, n := range d.needs {
		e := identity.Entry{Verb: n.Verb, Repository: n.Repository, Subject: d.subject}
		if n.Policy != "" {
			e.Detail = "policy " + n.Policy
		}
		switch {
		case o.before, o.after && n.Verb == identity.Sign:
			before = append(before, e)
		case o.after:
			after = append(after, e)
		}
	}
	if err := s.audit(c, before); err != nil {
		s.problem(c, err)
		return
	}
	c.Next()
	if c.Writer.Status() >= http.StatusMultipleChoices {
		return
	}
	if id, ok := strings.CutPrefix(c.Writer.Header().Get("Location"), "/v1/evaluations/"); ok && len(after) == 1 {
		after[0].Subject = id
	}
	if err := s.audit(c, after); err != nil {
		s.Logger.Error("an accepted evaluation was not written to the audit log", "request", c.GetString(requestKey), "error", err)
	}
}

// forbid answers with 403, or with 404 where the caller must not learn that
// there is something.
func (s *Server) forbid(c *gin.Context, n need, d demand) {
	s.denied(c, identity.Entry{Verb: n.Verb, Repository: n.Repository, Subject: d.subject})
	caller := callerOf(c)
	reads := n
	reads.Verb, reads.Policy = identity.Read, ""
	if d.absent != nil && !reads.of(caller) {
		s.problem(c, d.absent)
		return
	}
	where := n.Repository
	switch {
	case n.scope == some:
		where = "any repository"
	case where == "" && n.scope == all:
		where = "all repositories"
	case where == "":
		where = "what is in no repository"
	}
	detail := fmt.Sprintf("%s may not %s %s: ask the gate's operator for the right %q on it", caller.Name, n.Verb, where, n.Verb)
	if n.Policy != "" && caller.May(identity.Ask{Verb: n.Verb, Repository: n.Repository}) {
		detail = fmt.Sprintf("%s may not %s %s under policy %.100q: name no policy, so that the one in force decides, or ask the gate's operator for it", caller.Name, n.Verb, where, n.Policy)
	}
	s.respondProblem(c, http.StatusForbidden, gate.CodeUnauthorized, printable(detail), false)
}

// allow holds the caller of a request against one more right, and answers where
// it is missing.
func (s *Server) allow(c *gin.Context, verb identity.Verb, repository string) bool {
	n := need{Ask: identity.Ask{Verb: verb, Repository: repository}}
	if n.of(callerOf(c)) {
		return true
	}
	s.forbid(c, n, demand{})
	return false
}

// ownKeys keeps callers' idempotency keys apart, so that nobody finds, or
// blocks, what another asked for.
func ownKeys(c *gin.Context, caller identity.Caller) {
	const header = "Idempotency-Key"
	if key := c.GetHeader(header); key != "" && !caller.Everything() {
		c.Request.Header.Set(header, caller.Name+"/"+key)
	}
}
