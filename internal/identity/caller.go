package identity

import (
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
)

// Verb is what a caller may do.
type Verb string

// The verbs. Admin stands for all others and for every policy.
const (
	Evaluate Verb = "evaluate" // ask for verdicts, and call them off
	Sign     Verb = "sign"     // have signed what passed
	Read     Verb = "read"     // see verdicts, reports, SBOMs and verifications
	Rescan   Verb = "rescan"   // have images decided again
	Admin    Verb = "admin"
)

// verbs are all there are.
var verbs = []string{string(Evaluate), string(Sign), string(Read), string(Rescan), string(Admin)}

// Kind is how a caller shows who it is.
type Kind string

// The kinds.
const (
	KindToken       Kind = "token"       // an API token
	KindJWT         Kind = "jwt"         // a JWT of a pinned issuer
	KindCertificate Kind = "certificate" // a certificate of the authority of callers
	KindAnonymous   Kind = "anonymous"   // nobody is asked: the gate listens on loopback
	KindLocal       Kind = "local"       // the command line of the gate's machine
)

// The callers that no rights file names.
const (
	NameTokenFile = "token-file" // who sends the token of --token-file
	NameAnonymous = "anonymous"
)

// everywhere is the pattern that covers every repository.
const everywhere = "**"

// Right allows verbs on repositories.
type Right struct {
	Verbs []Verb `json:"verbs"`
	// Repositories are patterns as policies' matches write them.
	Repositories []string `json:"repositories"`
	// Policies are those that may be asked for by name, "*" for any. The one in
	// force for the repository may always be, by naming none.
	Policies []string `json:"policies,omitempty"`
}

// Caller is who asks, with everything this caller may do.
type Caller struct {
	Name   string
	Kind   Kind
	Rights []Right
	// PerMinute bounds how often it may call; 0 is no bound.
	PerMinute int
}

// Unbounded is a caller who may do everything.
func Unbounded(name string, kind Kind) Caller {
	return Caller{Name: name, Kind: kind, Rights: []Right{{Verbs: []Verb{Admin}, Repositories: []string{everywhere}}}}
}

// Ask is one thing that a caller wants to do.
type Ask struct {
	Verb       Verb
	Repository string // registry and path, as gate.ParseReference gives them
	Policy     string // by name; empty is the one in force
}

// May reports whether one of the caller's rights allows it.
func (c Caller) May(a Ask) bool {
	return slices.ContainsFunc(c.Rights, func(r Right) bool {
		return r.has(a.Verb) && r.namesPolicy(a.Policy) &&
			slices.ContainsFunc(r.Repositories, func(p string) bool { return matches(p, a.Repository) })
	})
}

// MayAll reports whether one of the caller's rights allows the verb on every
// repository that the pattern fits; the empty pattern fits all.
func (c Caller) MayAll(v Verb, pattern string) bool {
	if pattern == "" {
		pattern = everywhere
	}
	return slices.ContainsFunc(c.Rights, func(r Right) bool {
		return r.has(v) && slices.ContainsFunc(r.Repositories, func(p string) bool { return covers(p, pattern) })
	})
}

// MaySome reports whether there is any repository on which the verb is allowed.
func (c Caller) MaySome(v Verb) bool {
	return slices.ContainsFunc(c.Rights, func(r Right) bool { return r.has(v) && len(r.Repositories) > 0 })
}

// Everything reports whether nothing is denied to the caller.
func (c Caller) Everything() bool { return c.MayAll(Admin, everywhere) }

func (r Right) has(v Verb) bool {
	return slices.Contains(r.Verbs, v) || slices.Contains(r.Verbs, Admin)
}

func (r Right) namesPolicy(name string) bool {
	return name == "" || slices.Contains(r.Verbs, Admin) || slices.Contains(r.Policies, name) || slices.Contains(r.Policies, "*")
}

// matches compares a pattern with a repository. An image that is in none, such
// as a local archive, belongs to those who may see everything.
func matches(pattern, repository string) bool {
	if pattern == "" || repository == "" {
		return pattern == everywhere
	}
	return policy.MatchRepository(pattern, repository)
}

// covers reports whether a pattern fits every repository that another fits. It
// says no where that cannot be told from the parts one by one.
func covers(pattern, other string) bool {
	have, want := strings.Split(pattern, "/"), strings.Split(other, "/")
	for i, h := range have {
		if h == everywhere {
			return len(want) > i
		}
		if i >= len(want) {
			return false
		}
		w := want[i]
		switch {
		case w == everywhere:
			return false
		case h == w, h == "*":
		case strings.ContainsAny(w, gate.PatternCharacters):
			return false
		case !policy.MatchRepository(h, w):
			return false
		}
	}
	return len(have) == len(want)
}
