package server

import (
	"context"
	_ "embed" // the contract
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/identity"
)

//go:embed openapi.yaml
var document []byte

// Evaluations takes requests and answers them.
type Evaluations interface {
	// Submit accepts a request: when it returns without error, the request
	// will be answered, whatever happens to the process. What is decided
	// already comes back done. The key, when there is one, names the request.
	Submit(ctx context.Context, req gate.Request, idempotencyKey string) (gate.Evaluation, error)
	// Get returns the evaluation when it is done, or as it stands after wait
	// or when ctx ends.
	Get(ctx context.Context, id string, wait time.Duration) (gate.Evaluation, error)
	// SubmitAll accepts requests as Submit does, all of them or none, and
	// answers in their order. Requests for the same become one evaluation. The
	// key names all of them together.
	SubmitAll(ctx context.Context, reqs []gate.Request, idempotencyKey string) ([]gate.Evaluation, error)
	// Cancel calls an evaluation off and returns it done. CodeConflict when it
	// is decided already; cancelling again is no error.
	Cancel(ctx context.Context, id string) (gate.Evaluation, error)
	// List is the evaluations that pass the filter, newest first, at most
	// limit of them, and after a position unless that is nil.
	List(ctx context.Context, f gate.Filter, after *gate.Position, limit int) ([]gate.Listed, error)
}

// Images tells what was decided about digests.
type Images interface {
	// Latest is the newest verdict of a digest, under a policy digest when
	// that is not empty; nil when there is none.
	Latest(ctx context.Context, digest, policyDigest string) (*gate.Verdict, error)
	// History is the newest verdicts of a digest.
	History(ctx context.Context, digest string, limit int) ([]gate.Verdict, error)
}

// Signatures signs digests that hold a passing verdict.
type Signatures interface {
	SignDigest(ctx context.Context, repository, digest, policy string) (gate.Verdict, error)
}

// Component is a part the gate cannot work without.
type Component struct {
	Name   string `json:"name"`
	Ready  bool   `json:"ready"`
	Detail string `json:"detail,omitempty"`
}

// Options are what a server is made of.
type Options struct {
	Evaluations   Evaluations
	Images        Images
	Reports       Reports
	Signatures    Signatures
	Verifications Verifications
	Rescans       Rescans
	Workloads     Workloads
	// Metrics are shared with the admission webhook; nil makes some.
	Metrics *Metrics
	// MaxStreams is how many event streams may be open at once; 0 is 512.
	MaxStreams int
	// Readiness reports on the parts; nil for always ready.
	Readiness func(context.Context) []Component
	// Token, when not empty, must be sent as a bearer token with every call
	// under /v1. Who sends it may do everything.
	Token string
	// Callers tells who sends any other token; nil where Token is the only one.
	Callers Callers
	// Audit keeps who was allowed or denied what; nil for nothing.
	Audit AuditLog
	// Trace begins to follow a request, and its result ends that; nil: nobody
	// does.
	Trace  func(r *http.Request) (*http.Request, func(route string, status int))
	Logger *slog.Logger
}

// Server is the REST interface as an http.Handler.
type Server struct {
	Options
	engine   *gin.Engine
	contract *contract
	draining chan struct{}
	streams  streams
	// certificate is what callers' certificates are held against; nil where
	// connections are plain.
	certificate *Certificate
	docs        docs

	limits    identity.Limits // of callers
	unwritten unwritten       // denials
}

// New makes a server. The error is a defect of the contract.
func New(o Options) (*Server, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
	c, err := newContract(document)
	if err != nil {
		return nil, err
	}
	page, err := newDocs(c.document)
	if err != nil {
		return nil, err
	}
	s := &Server{Options: o, contract: c, docs: page, draining: make(chan struct{}), streams: newStreams(o.MaxStreams)}
	gin.SetMode(gin.ReleaseMode)
	s.engine = gin.New()
	s.engine.HandleMethodNotAllowed, s.engine.RedirectTrailingSlash = true, false
	s.engine.NoRoute(func(c *gin.Context) {
		s.problem(c, gate.NewError(gate.CodeNotFound, "there is nothing at "+printable(c.Request.URL.Path)+": see /openapi.yaml", nil))
	})
	s.engine.NoMethod(func(c *gin.Context) {
		s.respondProblem(c, http.StatusMethodNotAllowed, gate.CodeInvalid, c.Request.Method+" is not allowed here: see /openapi.yaml", false)
	})
	s.engine.Use(s.identify, s.recover, s.authenticate, s.validate, s.authorize)
	RegisterHandlersWithOptions(s.engine, s, GinServerOptions{ErrorHandler: func(c *gin.Context, err error, _ int) {
		s.problem(c, gate.NewError(gate.CodeInvalid, err.Error(), nil))
	}})
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }
