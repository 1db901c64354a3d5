package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

// api is the gate as commands use it: answers are documents of the domain, and
// whatever else comes back is a *gate.Error that says what to do.
type api struct {
	*client.Client
	server  string
	timeout time.Duration
	// notice tells a person what is being waited for.
	notice func(string)
	// state keeps what is not answered yet, and run names the CI's run; either
	// may be absent.
	state *state
	run   string
	// tokenFrom tells a person where the token is from.
	tokenFrom string
	// certificateFrom is where the certificate is from; empty without one.
	certificateFrom string
}

// once bounds a call that is not part of a longer wait.
func (a *api) once(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.timeout)
}

// read decodes the answer of a call of the generated client.
func (a *api) read(resp *http.Response, err error, into any) error {
	if err != nil {
		return a.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		return a.refused(resp)
	}
	if !isJSON(resp) {
		return a.notAGate(resp)
	}
	data, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return gate.NewError(gate.CodeUnavailable, a.server+" answers with JSON that is not a gate's: is --server right, and no newer than this gatectl", err)
	}
	return nil
}

// unreachable says why there was no answer.
func (a *api) unreachable(err error) error {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	var tried *lastTrouble
	var own *gate.Error
	switch {
	case errors.As(err, &own): // there is no token to ask with
		return own
	case refusedCertificate(err) != "":
		return gate.NewError(gate.CodeUnauthorized, fmt.Sprintf("%s does not take %s: its answer is %q", a.server, a.shown(), refusedCertificate(err)), nil)
	case errors.As(err, &certificate):
		return gate.NewError(gate.CodeUnavailable, a.server+" shows a certificate that nobody known here vouches for: name its authority with --ca-bundle", cause(err))
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return gate.NewError(gate.CodeInvalid, a.server+" speaks no TLS: write http:// in --server, or name the port that does", nil)
	case errors.As(err, &dns) && dns.IsNotFound:
		return gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s: there is no host %s: is --server right", a.server, dns.Name), nil)
	case errors.Is(err, context.Canceled):
		return gate.NewError(gate.CodeUnavailable, "interrupted", nil)
	case errors.As(err, &tried):
		return gate.NewError(gate.CodeUnavailable, "the gate at "+a.server+" was asked again and again, and did not answer in time", tried)
	case errors.Is(err, context.DeadlineExceeded):
		return gate.NewError(gate.CodeUnavailable, a.server+" did not answer in time: give it more with --timeout or --wait", nil)
	}
	return gate.NewError(gate.CodeUnavailable, "the gate at "+a.server+" cannot be asked", cause(err))
}

// refused turns a problem document (RFC 9457) into an error; what is none comes
// from something that is no gate.
func (a *api) refused(resp *http.Response) error {
	p, ok := problemOf(resp)
	if !ok {
		return a.notAGate(resp)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		message := a.server + " refuses " + a.mend()
		if p.Detail != nil && !echoes(resp, *p.Detail) {
			message += "; it says: " + short(*p.Detail, 300)
		}
		return gate.NewError(gate.CodeUnauthorized, message, nil)
	}
	message := p.Title
	if p.Detail != nil {
		message = *p.Detail
	}
	if p.Instance != nil && resp.StatusCode >= 500 {
		message += " (request " + *p.Instance + " in the gate's log)"
	}
	return gate.NewError(gate.Code(p.Code), message, nil)
}

// echoes reports whether a text holds the token that was sent.
func echoes(resp *http.Response, text string) bool {
	if resp.Request == nil {
		return false
	}
	token := strings.TrimPrefix(resp.Request.Header.Get("Authorization"), "Bearer ")
	return token != "" && strings.Contains(text, token)
}

// mend says what to do about a token that is refused.
func (a *api) mend() string {
	if a.tokenFrom == "the token" {
		return "the token: name the file of the right one with --token-file (IMAGEGATE_TOKEN_FILE)"
	}
	if a.certificateFrom != "" && a.tokenFrom == "the certificate "+a.certificateFrom {
		return a.tokenFrom + ": does a caller of its rights file have it"
	}
	return a.tokenFrom + ": does the gate trust who issues it, and expect its audience"
}

// shown is the certificate by which a handshake ended, and what to do.
func (a *api) shown() string {
	if a.certificateFrom == "" {
		return "a caller without a certificate (name one with --client-cert and --client-key)"
	}
	return "the certificate " + a.certificateFrom + " (was it renewed, and is its authority the one of the gate's callers)"
}

func (a *api) notAGate(resp *http.Response) error {
	what := resp.Header.Get("Content-Type")
	if what == "" {
		what = "something without a type"
	}
	return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%s answers %s with %s, which no gate does: is --server right, or is a proxy or a login page between", a.server, resp.Status, what), nil)
}

// problemOf reads a problem document. The body can be read again after it.
func problemOf(resp *http.Response) (client.Problem, bool) {
	var p client.Problem
	if !isProblem(resp) || readAnswer(resp) != nil {
		return p, false
	}
	data, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return p, err == nil && json.Unmarshal(data, &p) == nil && p.Code != ""
}

func isProblem(resp *http.Response) bool { return mediaType(resp) == "application/problem+json" }

func isJSON(resp *http.Response) bool { return mediaType(resp) == "application/json" }

func mediaType(resp *http.Response) string {
	t, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return t
}

// cause is an error without the method and URL that net/http puts before it.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
