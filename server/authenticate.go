package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/identity"
)

// Callers tells who sends a credential. CodeUnauthorized says what is wrong with
// it, CodeUnavailable that it cannot be told now.
type Callers interface {
	// Authenticate is the caller that sends a bearer credential.
	Authenticate(ctx context.Context, bearer string) (identity.Caller, error)
	// AuthenticateCertificate is the caller that shows a verified certificate.
	AuthenticateCertificate(leaf *x509.Certificate) (identity.Caller, error)
}

// callerKey is where a request's caller is kept.
const callerKey = "caller"

// callerOf is who sent the request; nobody, who may do nothing, where it was
// not asked.
func callerOf(c *gin.Context) identity.Caller {
	caller, _ := c.Value(callerKey).(identity.Caller)
	return caller
}

// authenticate finds out who calls, under /v1, and that this caller does not
// call too often.
func (s *Server) authenticate(c *gin.Context) {
	if !strings.HasPrefix(c.Request.URL.Path, "/v1/") {
		return
	}
	caller, err := s.caller(c)
	switch code := gate.CodeOf(err); {
	case err == nil:
	case code == gate.CodeUnauthorized:
		s.denied(c, identity.Entry{Caller: unknownCaller, Verb: identity.VerbAuthenticate, Detail: err.Error()})
		s.respondProblem(c, http.StatusUnauthorized, code, printable(err.Error()), false)
		return
	default:
		s.problem(c, err)
		return
	}
	c.Set(callerKey, caller)
	if wait := s.limits.Take(caller.Name, caller.PerMinute, time.Now()); wait > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		s.respondProblem(c, http.StatusTooManyRequests, gate.CodeLimit, "you may call "+strconv.Itoa(caller.PerMinute)+" times a minute: try again after Retry-After seconds", true)
	}
}

// unknownCaller stands for who sent a credential that was refused.
const unknownCaller = "unknown"

// caller is who sends a request. Where there is a bearer credential, it decides
// alone: a certificate may be a proxy's, or the machine's.
func (s *Server) caller(c *gin.Context) (identity.Caller, error) {
	if s.Token == "" && s.Callers == nil {
		return identity.Unbounded(identity.NameAnonymous, identity.KindAnonymous), nil
	}
	headers := c.Request.Header.Values("Authorization")
	if t := c.Request.TLS; len(headers) == 0 && t != nil && len(t.VerifiedChains) > 0 {
		return s.byCertificate(c, t.PeerCertificates)
	}
	token, ok := bearer(headers)
	if !ok {
		return identity.Caller{}, s.nobody()
	}
	// Hashes have one length, so comparing them tells nothing of the token's.
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.Token))
	if s.Token != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
		return identity.Unbounded(identity.NameTokenFile, identity.KindToken), nil
	}
	if s.Callers == nil {
		return identity.Caller{}, s.nobody()
	}
	return s.Callers.Authenticate(c.Request.Context(), token)
}

// nobody says what a caller who is nobody may send.
func (s *Server) nobody() error {
	ways := "send the gate's token as Authorization: Bearer …"
	if s.certificate != nil && s.certificate.clientCA != "" {
		ways += ", or show a certificate of an authority that the gate knows"
	}
	return gate.NewError(gate.CodeUnauthorized, ways, nil)
}

// byCertificate is the caller whose certificate the connection began with.
func (s *Server) byCertificate(c *gin.Context, shown []*x509.Certificate) (identity.Caller, error) {
	if s.certificate == nil || s.Callers == nil {
		return identity.Caller{}, s.nobody()
	}
	if err := s.certificate.vouched(shown); err != nil {
		c.Header("Connection", "close") // the next has the certificate of then
		return identity.Caller{}, err
	}
	return s.Callers.AuthenticateCertificate(shown[0])
}

// bearer is the token of an Authorization header. Two headers would let a proxy
// and the gate see different callers.
func bearer(headers []string) (token string, ok bool) {
	if len(headers) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != "" && !strings.ContainsAny(token, " \t")
}
