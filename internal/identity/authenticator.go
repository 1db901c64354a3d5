package identity

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"time"
)

// maxBearer bounds a credential in bytes. JWTs with many groups have a few
// thousand.
const maxBearer = 16 << 10

// Tokens keeps API tokens.
type Tokens interface {
	// TokenByHash is the token of that hash; nil when there is none.
	TokenByHash(ctx context.Context, h Hash) (*Token, error)
	// TokenUsed stores when a token was last used.
	TokenUsed(ctx context.Context, id string, at time.Time) error
}

// Authenticator tells who sends a credential. It is safe for concurrent use.
type Authenticator struct {
	file    *File  // nil where there is no rights file
	tokens  Tokens // nil where none are kept
	issuers *issuers
	log     *slog.Logger
	now     func() time.Time
}

// NewAuthenticator makes one. Either of file and tokens may be nil.
func NewAuthenticator(file *File, tokens Tokens, log *slog.Logger, now func() time.Time) *Authenticator {
	return &Authenticator{file: file, tokens: tokens, issuers: newIssuers(now), log: log, now: now}
}

// Authenticate is the caller that sends a bearer credential. CodeUnauthorized
// says what is wrong with it, CodeUnavailable that it cannot be told now.
func (a *Authenticator) Authenticate(ctx context.Context, bearer string) (Caller, error) {
	if len(bearer) > maxBearer {
		return Caller{}, refused("the token has more than %d bytes", maxBearer)
	}
	state := &fileState{rights: &Rights{}}
	if a.file != nil {
		state = a.file.now.Load()
	}
	h := HashOf(bearer)
	// Look-ups are by hash: what their time tells is nothing of a token.
	if i, ok := state.rights.byHash[h]; ok {
		return state.rights.callers[i].Caller, nil
	}
	if looksLikeJWT(bearer) {
		return a.byJWT(ctx, state, bearer)
	}
	if a.tokens == nil || !WellFormed(bearer) {
		return Caller{}, unknown()
	}
	return a.stored(ctx, state.rights, h)
}

func unknown() error {
	return refused("send a token that the gate knows as Authorization: Bearer …")
}

// stored is the caller of a token that imagegate token create made.
func (a *Authenticator) stored(ctx context.Context, rights *Rights, h Hash) (Caller, error) {
	t, err := a.tokens.TokenByHash(ctx, h)
	if err != nil {
		return Caller{}, err
	}
	if t == nil || subtle.ConstantTimeCompare(t.Hash[:], h[:]) != 1 {
		return Caller{}, unknown()
	}
	now := a.now()
	if state := t.State(now); state != "valid" {
		return Caller{}, refused("the token %s of %s is %s: make another with imagegate token create", t.ID, t.Name, state)
	}
	if now.Sub(t.LastUsedAt) >= time.Minute {
		// Not knowing when it was used denies nobody.
		if err := a.tokens.TokenUsed(ctx, t.ID, now); err != nil {
			a.log.Warn("the use of a token was not noted", "token", t.ID, "error", err)
		}
	}
	c := Caller{Name: t.Name, Kind: KindToken, Rights: t.Rights}
	if i, ok := rights.byName[t.Name]; ok {
		c.PerMinute = rights.callers[i].PerMinute
		if len(t.Rights) == 0 {
			c.Rights = rights.callers[i].Rights
		}
	}
	return c, nil
}
