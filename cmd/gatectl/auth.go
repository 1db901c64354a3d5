package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxToken bounds a token in bytes: a header with more is refused on its way.
const maxToken = 16 << 10

// defaultTokenEnv is the variable that holds an identity token where no flag
// names another.
const defaultTokenEnv = "IMAGEGATE_ID_TOKEN"

// auth is how a caller shows who it is.
type auth struct {
	mode, audience, tokenEnv, tokenFile string
}

func (o *auth) flags(f *pflag.FlagSet) {
	f.StringVar(&o.mode, "auth", "auto", "token (the gate's), certificate (that of --client-cert), oidc (the CI's identity token), or auto: the first of these that there is")
	f.StringVar(&o.audience, "oidc-audience", "imagegate", "audience of an identity token that is asked for")
	f.StringVar(&o.tokenEnv, "oidc-token-env", defaultTokenEnv, "variable that holds an identity token, as GitLab's id_tokens make one")
	f.StringVar(&o.tokenFile, "oidc-token-file", "", "file of an identity token that is renewed in its place, as Kubernetes' projected volumes have it")
}

// source gives the token of now; an empty one is none.
type source func(context.Context) (string, error)

// none is where nothing but the connection says who calls.
func none(context.Context) (string, error) { return "", nil }

// tokens finds where tokens come from, and says it for people. Where there is a
// certificate of a caller, none need come. Errors are CodeInvalid.
func (c *connection) tokens(notice func(string), certificate string) (source, string, error) {
	o := c.auth
	switch o.mode {
	case "auto", "token", "oidc":
	case "certificate":
		if certificate == "" {
			return nil, "", usage("--auth certificate finds no certificate: name one with --client-cert and --client-key")
		}
	default:
		return nil, "", usage("--auth %q is none of auto, token, certificate, oidc", o.mode)
	}
	if o.mode == "auto" || o.mode == "token" {
		token, err := c.token()
		if err != nil {
			return nil, "", err
		}
		if token != "" || o.mode == "token" {
			return c.renewed(token), "the token", nil
		}
	}
	if certificate != "" && o.mode != "oidc" {
		return none, "the certificate " + certificate, nil
	}
	url, bearer := os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
	switch {
	case o.tokenFile != "":
		from := "the identity token of " + o.tokenFile
		read := func(context.Context) (string, error) { return tokenOf(o.tokenFile) }
		if _, err := read(context.Background()); err != nil {
			return nil, "", err
		}
		return unexpired(read, from), from, nil
	case os.Getenv(o.tokenEnv) != "":
		from := "the identity token of $" + o.tokenEnv
		token, err := wellFormedToken(os.Getenv(o.tokenEnv), "$"+o.tokenEnv)
		if err != nil {
			return nil, "", err
		}
		return unexpired(func(context.Context) (string, error) { return token, nil }, from), from, nil
	case url != "" && bearer != "":
		g := &githubTokens{url: url, bearer: bearer, audience: o.audience, notice: notice}
		return g.token, "GitHub's identity token for the audience " + o.audience, nil
	case o.mode == "oidc":
		return nil, "", usage("--auth oidc finds no identity token: give the job permissions id-token: write (GitHub), id_tokens with %s (GitLab), or name a file with --oidc-token-file", o.tokenEnv)
	}
	return none, "the token", nil
}

// renewed reads the gate's token again for each request: a mounted Secret
// changes while a command waits. Where it cannot be read, the last one counts.
func (c *connection) renewed(last string) source {
	return func(context.Context) (string, error) {
		if now, err := c.token(); err == nil && now != "" {
			return now, nil
		}
		return last, nil
	}
}

// unexpired refuses a token that is over, which nobody accepts any more.
func unexpired(s source, from string) source {
	return func(ctx context.Context) (string, error) {
		token, err := s(ctx)
		if err != nil {
			return "", err
		}
		if at := expiry(token); !at.IsZero() && time.Now().After(at) {
			return "", gate.NewError(gate.CodeUnauthorized, from+" expired at "+at.UTC().Format(time.RFC3339)+": start the job anew, or have tokens live longer than --wait", nil)
		}
		return token, nil
	}
}

func tokenOf(file string) (string, error) {
	data, err := readSmall(file, maxToken)
	if err != nil {
		return "", usage("--oidc-token-file %s cannot be read: %v", file, err)
	}
	return wellFormedToken(string(data), file)
}

// wellFormedToken is a token that can be a header's value. Errors do not hold
// it.
func wellFormedToken(text, from string) (string, error) {
	token := strings.TrimSpace(text)
	if token == "" || len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", usage("%s holds no token: it is empty, or has spaces and control characters, or more than %d bytes", from, maxToken)
	}
	return token, nil
}

// expiry is when a JWT is over (RFC 7519, section 4.1.4), read without any
// check: the gate makes those. Zero is not known.
func expiry(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	var claims struct {
		Expires float64 `json:"exp"`
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(data, &claims) != nil || claims.Expires < 1 || claims.Expires > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Expires), 0)
}

// bearer puts the token of now on every attempt: one that waits for a gate that
// is away may take longer than a token lives.
type bearer struct {
	next  http.RoundTripper
	token source
}

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := b.token(r.Context())
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "gatectl/"+version)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return b.next.RoundTrip(r)
}
