package identity

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// kept is a store of tokens.
type kept struct {
	tokens map[Hash]*Token
	used   []time.Time
	err    error
}

func (k *kept) TokenByHash(_ context.Context, h Hash) (*Token, error) { return k.tokens[h], k.err }

func (k *kept) TokenUsed(_ context.Context, id string, at time.Time) error {
	k.used = append(k.used, at)
	for _, t := range k.tokens {
		if t.ID == id {
			t.LastUsedAt = at
		}
	}
	return nil
}

func TestTheLifeOfAToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rights.yaml")
	if err := os.WriteFile(path, []byte("callers:\n- {name: ci, limit: {perMinute: 5}, rights: [{verbs: [read], repositories: [a/*]}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	secret := NewToken()
	token := &Token{ID: "t1", Name: "ci", Hash: HashOf(secret), ExpiresAt: start.Add(time.Hour)}
	k := &kept{tokens: map[Hash]*Token{token.Hash: token}}
	at := start
	a := NewAuthenticator(f, k, slog.New(slog.DiscardHandler), func() time.Time { return at })
	ask := func() (Caller, error) { return a.Authenticate(t.Context(), secret) }

	c, err := ask()
	if err != nil || c.Name != "ci" || !c.May(Ask{Verb: Read, Repository: "a/b"}) || c.PerMinute != 5 {
		t.Errorf("%+v, %v", c, err)
	}
	for range 5 {
		at = at.Add(20 * time.Second)
		if _, err := ask(); err != nil {
			t.Fatal(err)
		}
	}
	if len(k.used) != 2 {
		t.Errorf("six uses in 100 s were noted %d times", len(k.used))
	}
	token.Rights = []Right{{Verbs: []Verb{Sign}, Repositories: []string{"b/*"}}}
	if c, err = ask(); err != nil || c.May(Ask{Verb: Read, Repository: "a/b"}) || !c.May(Ask{Verb: Sign, Repository: "b/c"}) {
		t.Errorf("rights of its own do not replace the file's: %+v, %v", c, err)
	}
	token.RevokedAt = at
	if _, err = ask(); gate.CodeOf(err) != gate.CodeUnauthorized || !strings.Contains(err.Error(), "t1 of ci is revoked") {
		t.Errorf("%v", err)
	}
	token.RevokedAt = time.Time{}
	at = token.ExpiresAt
	if _, err = ask(); gate.CodeOf(err) != gate.CodeUnauthorized || !strings.Contains(err.Error(), "is expired") {
		t.Errorf("%v", err)
	}
	k.err = gate.NewError(gate.CodeUnavailable, "the database is away", errors.New("x"))
	if _, err = ask(); gate.CodeOf(err) != gate.CodeUnavailable {
		t.Errorf("a database that is away: %v", err)
	}
}

func TestATokenThatNobodyKnowsNamesNobody(t *testing.T) {
	k := &kept{tokens: map[Hash]*Token{}}
	a := NewAuthenticator(nil, k, slog.New(slog.DiscardHandler), time.Now)
	secret := NewToken()
	for _, bearer := range []string{"", "x", secret, secret[:51], "ig_", strings.Repeat("a", maxBearer+1), "eyJ.e30.x"} {
		c, err := a.Authenticate(t.Context(), bearer)
		if gate.CodeOf(err) != gate.CodeUnauthorized || c.Name != "" {
			t.Errorf("%.60q: %+v, %v", bearer, c, err)
		}
		if bearer != "" && len(bearer) > 3 && strings.Contains(err.Error(), bearer) {
			t.Errorf("the error repeats the token: %v", err)
		}
	}
}
