package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/imagegate/imagegate/internal/gate"
)

// leeway is how far the issuer's clock and the gate's may differ.
const leeway = time.Minute

// looksLikeJWT tells a JWT from an API token by its form: three parts, the
// first a JSON object in base64.
func looksLikeJWT(token string) bool {
	return strings.HasPrefix(token, "ey") && strings.Count(token, ".") == 2
}

// byJWT is the caller that a JWT names.
func (a *Authenticator) byJWT(ctx context.Context, state *fileState, token string) (Caller, error) {
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil {
		return Caller{}, refused("the token is no JWT that is signed by a key pair (RS256 to RS512, PS256 to PS512, ES256 to ES512, EdDSA)")
	}
	var claimed struct {
		Issuer string `json:"iss"`
	}
	if err := parsed.UnsafeClaimsWithoutVerification(&claimed); err != nil {
		return Caller{}, refused("the token's claims are no JSON object")
	}
	// The token's word chooses among issuers that the rights file pins.
	file, pinned := state.rights.keyFiles[claimed.Issuer]
	if !pinned {
		return Caller{}, refused("no caller of the rights file has tokens of issuer %.100q", claimed.Issuer)
	}
	kid, algorithm := parsed.Headers[0].KeyID, parsed.Headers[0].Algorithm
	keys := state.keys[claimed.Issuer].named(kid, algorithm)
	if file == "" {
		if keys, err = a.issuers.of(claimed.Issuer).find(ctx, kid, algorithm); err != nil {
			return Caller{}, err
		}
	}
	var claims jwt.Claims
	var all map[string]any
	verified := slices.ContainsFunc(keys, func(k jwk) bool { return parsed.Claims(k.Key, &claims, &all) == nil })
	if !verified {
		return Caller{}, refused("no key of issuer %.100s verifies the token", claimed.Issuer)
	}
	if err := a.inTime(claims); err != nil {
		return Caller{}, err
	}
	return state.rights.claimed(claims, all)
}

// inTime holds a token against the clock.
func (a *Authenticator) inTime(c jwt.Claims) error {
	now := a.now()
	switch err := c.ValidateWithLeeway(jwt.Expected{Time: now}, leeway); {
	case c.Expiry == nil:
		return refused("the token has no end (exp): ask the issuer for one that has")
	case err == nil:
		return nil
	case now.Add(-leeway).After(c.Expiry.Time()):
		return refused("the token ended at %s: ask the issuer for a new one", c.Expiry.Time().UTC().Format(time.RFC3339))
	}
	return refused("the token is not valid yet: compare the clocks of the gate and the issuer")
}

// claimed is the first caller in the file's order that a verified token fits.
func (r *Rights) claimed(claims jwt.Claims, all map[string]any) (Caller, error) {
	audience := false
	for _, c := range r.callers {
		if c.jwt == nil || c.jwt.issuer != claims.Issuer || !slices.ContainsFunc(c.jwt.audience, claims.Audience.Contains) {
			continue
		}
		audience = true
		if c.jwt.fits(claims.Subject, all) {
			out := c.Caller
			out.Kind = KindJWT
			return out, nil
		}
	}
	if !audience {
		return Caller{}, refused("the token is for audience %.200q: ask the issuer for one with the audience that the rights file names", strings.Join(claims.Audience, ", "))
	}
	return Caller{}, refused("no caller of the rights file has the subject %.200q with the token's other claims", claims.Subject)
}

func (c *claimant) fits(subject string, all map[string]any) bool {
	if !slices.ContainsFunc(c.subject, func(p string) bool { return matchSubject(p, subject) }) {
		return false
	}
	for name, want := range c.claims {
		if !holds(all[name], want) {
			return false
		}
	}
	return true
}

// holds compares a claim with a text: as it is, as one entry of a list, or as
// JSON writes a number or a boolean.
func holds(claim any, want string) bool {
	switch v := claim.(type) {
	case string:
		return v == want
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { s, ok := e.(string); return ok && s == want })
	case bool, float64:
		text, err := json.Marshal(v)
		return err == nil && string(text) == want
	}
	return false
}

// refused is a credential that names no caller. The message says why: it tells
// nothing that who holds the token does not know.
func refused(format string, args ...any) error {
	return gate.NewError(gate.CodeUnauthorized, fmt.Sprintf(format, args...), nil)
}
