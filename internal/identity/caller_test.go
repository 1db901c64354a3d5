package identity

import (
	"testing"
	"time"
)

func TestWhatNoRightAllowsIsDenied(t *testing.T) {
	shop := Caller{Name: "shop", Rights: []Right{
		{Verbs: []Verb{Evaluate, Read}, Repositories: []string{"registry.example/shop/*"}, Policies: []string{"strict"}},
		{Verbs: []Verb{Sign}, Repositories: []string{"registry.example/shop/web"}},
	}}
	admin := Caller{Rights: []Right{{Verbs: []Verb{Admin}, Repositories: []string{"registry.example/team/**"}}}}
	for name, test := range map[string]struct {
		caller Caller
		ask    Ask
		want   bool
	}{
		"what is granted":                   {shop, Ask{Evaluate, "registry.example/shop/web", ""}, true},
		"another verb":                      {shop, Ask{Rescan, "registry.example/shop/web", ""}, false},
		"a verb of another right":           {shop, Ask{Sign, "registry.example/shop/db", ""}, false},
		"that right's own repository":       {shop, Ask{Sign, "registry.example/shop/web", ""}, true},
		"a deeper repository":               {shop, Ask{Read, "registry.example/shop/a/b", ""}, false},
		"a repository whose name begins so": {shop, Ask{Read, "registry.example/shop-b/web", ""}, false},
		"a registry whose name begins so":   {shop, Ask{Read, "registry.example.evil/shop/web", ""}, false},
		"the path on another registry":      {shop, Ask{Read, "evil/registry.example/shop/web", ""}, false},
		"the parent":                        {shop, Ask{Read, "registry.example/shop", ""}, false},
		"what is in no repository":          {shop, Ask{Read, "", ""}, false},
		"a policy that is named":            {shop, Ask{Evaluate, "registry.example/shop/web", "strict"}, true},
		"a policy that is not":              {shop, Ask{Evaluate, "registry.example/shop/web", "lax"}, false},
		"a policy of another right":         {shop, Ask{Sign, "registry.example/shop/web", "strict"}, false},
		"no rights":                         {Caller{Name: "x"}, Ask{Read, "registry.example/shop/web", ""}, false},
		"an admin's repository":             {admin, Ask{Sign, "registry.example/team/a/b", "any"}, true},
		"an admin's other repository":       {admin, Ask{Read, "registry.example/shop/web", ""}, false},
		"everything":                        {Unbounded("a", KindToken), Ask{Sign, "x/y", "p"}, true},
		"everything, in no repository":      {Unbounded("a", KindToken), Ask{Read, "", ""}, true},
		"any policy":                        {Caller{Rights: []Right{{Verbs: []Verb{Read}, Repositories: []string{"**"}, Policies: []string{"*"}}}}, Ask{Read, "a/b", "p"}, true},
	} {
		if got := test.caller.May(test.ask); got != test.want {
			t.Errorf("%s: %+v is %t", name, test.ask, got)
		}
	}
}

func TestAPatternMustBeCoveredAsAWhole(t *testing.T) {
	for _, test := range []struct {
		have, asked string
		want        bool
	}{
		{"**", "", true}, {"**", "a/**", true}, {"a/**", "", false}, {"a/**", "**", false}, {"a/**", "a/b/*", true}, {"a/**", "a/**", true},
		{"a/**", "a", false}, {"a/*", "a/**", false}, {"a/*", "a/b", true}, {"a/*", "a/b*", true}, {"a/*", "a/*", true}, {"a/b", "a/*", false},
		{"a/b*", "a/bc", true}, {"a/b*", "a/b?", false}, {"a/b*", "a/[bc]", false}, {"*/b", "a/b", true}, {"*/b", "a/c", false}, {"a/*", "a/b/c", false}, {"a", "a/b", false},
	} {
		c := Caller{Rights: []Right{{Verbs: []Verb{Rescan}, Repositories: []string{test.have}}}}
		if got := c.MayAll(Rescan, test.asked); got != test.want {
			t.Errorf("%q on %q is %t", test.asked, test.have, got)
		}
	}
	if Unbounded("a", KindToken).Everything() != true || (Caller{Rights: []Right{{Verbs: []Verb{Admin}, Repositories: []string{"a/**"}}}}).Everything() {
		t.Error("everything is not what admin on ** is")
	}
}

func TestASubjectsStarEndsWithItsPart(t *testing.T) {
	for _, test := range []struct {
		pattern, subject string
		want             bool
	}{
		{"repo:example/shop:ref:refs/heads/main", "repo:example/shop:ref:refs/heads/main", true},
		{"repo:example/shop:*", "repo:example/shop:pull_request", true},
		{"repo:example/shop:*", "repo:example/shop:ref:refs/heads/main", false},
		{"repo:example/shop:**", "repo:example/shop:ref:refs/heads/main", true},
		{"repo:example/shop:**", "repo:example/shop:", false},
		{"repo:example/shop:**", "repo:example/shop-evil:ref:x", false},
		{"repo:example/*:environment:production", "repo:example/shop:environment:production", true},
		{"repo:example/*:environment:production", "repo:example/shop:ref:x:environment:production", false},
		{"repo:exam*", "repo:example/shop:x", false},
		{"repo:e*e/s*p:x", "repo:example/shop:x", true},
		{"repo:e*e/s*p:x", "repo:example/sho:x", false},
		{"system:serviceaccount:shop:*", "system:serviceaccount:shop:ci", true},
		{"system:serviceaccount:shop:*", "system:serviceaccount:shop-b:ci", false},
		{"a?c", "abc", false}, {"a[bc]c", "abc", false}, {"a", "a\n", false}, {"A", "a", false}, {"a*", "a", true},
	} {
		if got := matchSubject(test.pattern, test.subject); got != test.want {
			t.Errorf("%q on %q is %t", test.pattern, test.subject, got)
		}
	}
}

func TestTokensAreKnownByTheirForm(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		token := NewToken()
		if len(token) != 52 || !WellFormed(token) || seen[token] {
			t.Fatalf("%q", token)
		}
		seen[token] = true
		for _, other := range []string{token[:51], token + "0", "ix_" + token[3:], token[:10] + string(rotate(token[10])) + token[11:], token[:51] + string(rotate(token[51]))} {
			if WellFormed(other) {
				t.Errorf("%q is a token, as is %q", other, token)
			}
		}
	}
	h := HashOf("x")
	if back, ok := parseHash(h.String()); !ok || back != h {
		t.Errorf("%s does not come back", h)
	}
}

func rotate(b byte) byte {
	if b == 'a' {
		return 'b'
	}
	return 'a'
}

func TestALimitIsACallersOwnAndComesBack(t *testing.T) {
	var l Limits
	now := time.Unix(1000, 0)
	for i := range 60 {
		if wait := l.Take("a", 60, now); wait > 0 {
			t.Fatalf("call %d waits %s", i, wait)
		}
	}
	if wait := l.Take("a", 60, now); wait <= 0 || wait > time.Second {
		t.Errorf("the 61st waits %s", wait)
	}
	if wait := l.Take("b", 60, now); wait > 0 {
		t.Errorf("another caller waits %s", wait)
	}
	if wait := l.Take("a", 60, now.Add(time.Second)); wait > 0 {
		t.Errorf("a second later it waits %s", wait)
	}
	for range 1000 {
		if l.Take("c", 0, now) > 0 {
			t.Fatal("without a limit a caller waits")
		}
	}
}
