package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/identity"
)

func storedToken(id, name string) (identity.Token, string) {
	secret := identity.NewToken()
	return identity.Token{ID: id, Name: name, Hash: identity.HashOf(secret), CreatedAt: noon}, secret
}

func line(verb identity.Verb, at time.Time) identity.Entry {
	return identity.Entry{At: at, Caller: "root", Kind: identity.KindLocal, Verb: verb, Subject: "t1", Decision: identity.Allowed}
}

func TestATokenIsFoundByItsHashWithWhatItMay(t *testing.T) {
	s := openTest(t)
	token, secret := storedToken("t1", "ci")
	token.ExpiresAt = noon.Add(time.Hour)
	token.Rights = []identity.Right{{Verbs: []identity.Verb{identity.Read}, Repositories: []string{"r/a/*"}, Policies: []string{"strict"}}}
	if err := s.CreateToken(t.Context(), token, line(identity.VerbCreateToken, noon)); err != nil {
		t.Fatal(err)
	}
	got, err := s.TokenByHash(t.Context(), identity.HashOf(secret))
	if err != nil || got == nil || got.ID != "t1" || !got.ExpiresAt.Equal(token.ExpiresAt) || len(got.Rights) != 1 || got.Rights[0].Policies[0] != "strict" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := s.TokenByHash(t.Context(), identity.HashOf("another")); got != nil || err != nil {
		t.Errorf("another token is %+v, %v", got, err)
	}
	// A token made twice would have two callers.
	twin := token
	twin.ID = "t2"
	if err := s.CreateToken(t.Context(), twin, line(identity.VerbCreateToken, noon)); err == nil {
		t.Error("one token belongs to two")
	}
	var lines int
	if err := s.AuditLog(t.Context(), time.Time{}, "", func(identity.Entry) error { lines++; return nil }); err != nil || lines != 1 {
		t.Errorf("%d lines for one token made and one refused, %v", lines, err)
	}
}

func TestRevokingHoldsForOtherProcessesAtOnce(t *testing.T) {
	s := openTest(t)
	other := openAgain(t, s)
	var secrets []string
	for _, id := range []string{"t1", "t2"} {
		token, secret := storedToken(id, "ci")
		if err := s.CreateToken(t.Context(), token, line(identity.VerbCreateToken, noon)); err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, secret)
	}
	state := func(i int) string {
		got, err := other.TokenByHash(t.Context(), identity.HashOf(secrets[i]))
		if err != nil || got == nil {
			t.Fatalf("%+v, %v", got, err)
		}
		return got.State(noon)
	}
	if n, err := s.RevokeToken(t.Context(), "t1", line(identity.VerbRevokeToken, noon)); n != 1 || err != nil || state(0) != "revoked" || state(1) != "valid" {
		t.Errorf("by id: %d, %v: %s and %s", n, err, state(0), state(1))
	}
	if n, err := s.RevokeToken(t.Context(), "ci", line(identity.VerbRevokeToken, noon)); n != 1 || err != nil || state(1) != "revoked" {
		t.Errorf("by name: %d, %v: %s", n, err, state(1))
	}
	if _, err := s.RevokeToken(t.Context(), "ci", line(identity.VerbRevokeToken, noon)); gate.CodeOf(err) != gate.CodeNotFound {
		t.Errorf("again: %v", err)
	}
}

func TestTheLastUseOfATokenDoesNotGoBack(t *testing.T) {
	s := openTest(t)
	token, secret := storedToken("t1", "ci")
	if err := s.CreateToken(t.Context(), token, line(identity.VerbCreateToken, noon)); err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{noon.Add(time.Hour), noon} {
		if err := s.TokenUsed(t.Context(), "t1", at); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.TokenByHash(t.Context(), identity.HashOf(secret))
	if err != nil || !got.LastUsedAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v, %v", got, err)
	}
	listed, err := s.Tokens(t.Context())
	if err != nil || len(listed) != 1 || listed[0].Hash != token.Hash {
		t.Errorf("%+v, %v", listed, err)
	}
}

func TestTheAuditLogOnlyGrows(t *testing.T) {
	s := openTest(t)
	for i, caller := range []string{"a", "b", "a"} {
		e := line(identity.Evaluate, noon.Add(time.Duration(i)*time.Hour))
		e.Caller, e.Repository, e.Request, e.Detail = caller, "r/app", "0123", "d"
		if err := s.Audit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		since  time.Time
		caller string
		want   int
	}{"all": {want: 3}, "since": {since: noon.Add(time.Hour), want: 2}, "of one caller": {caller: "a", want: 2}, "of nobody": {caller: "A", want: 0}} {
		n := 0
		err := s.AuditLog(t.Context(), test.since, test.caller, func(e identity.Entry) error {
			n++
			if e.Repository != "r/app" || e.Request != "0123" || e.Detail != "d" || e.Verb != identity.Evaluate || e.At.Before(test.since) {
				t.Errorf("%s: %+v", name, e)
			}
			return nil
		})
		if err != nil || n != test.want {
			t.Errorf("%s: %d lines, want %d, %v", name, n, test.want, err)
		}
	}
	enough := errors.New("enough")
	if err := s.AuditLog(t.Context(), time.Time{}, "", func(identity.Entry) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
	for _, q := range []string{`DELETE FROM audit`, `UPDATE audit SET caller = 'x'`} {
		if _, err := s.write.ExecContext(t.Context(), q); err == nil || !strings.Contains(err.Error(), "audit log never") {
			t.Errorf("%s: %v", q, err)
		}
	}
}
