package gate

import (
	"fmt"
	"strings"
	"time"
)

// Standing is where an image stands: the newest pass or fail of a digest in a
// repository under a policy. Errors do not change it: a registry that is away
// takes no approval back. The repository is part of it because waivers and
// matches are: the same bytes elsewhere may be held to something else.
type Standing struct {
	Repository string    `json:"repository"`
	Digest     string    `json:"digest"`
	Policy     PolicyRef `json:"policy"`
	VerdictID  string    `json:"verdictId"`
	Decision   Decision  `json:"decision"`
	DecidedAt  time.Time `json:"decidedAt"`
	ExpiresAt  time.Time `json:"expiresAt,omitzero"`
	GraceUntil time.Time `json:"graceUntil,omitzero"`
	Reason     string    `json:"reason,omitempty"` // what condemns it, in a line
}

// refPrefix begins the checks of a reference's spelling: what they find is no
// property of the digest.
const refPrefix = "REF-"

// StandingOf is the standing a verdict gives its digest; nil when it gives
// none: an error, a file of this machine, or a verdict about the spelling of a
// reference.
func StandingOf(v Verdict, ev *Evidence) *Standing {
	if ev == nil || v.Digest == "" || ev.Reference.Repository == "" || (v.Decision != Pass && v.Decision != Fail) {
		return nil
	}
	for _, f := range v.Violations {
		if strings.HasPrefix(f.Check, refPrefix) {
			return nil
		}
	}
	return &Standing{
		Repository: ev.Reference.Repository, Digest: v.Digest, Policy: v.Policy, VerdictID: v.ID, Decision: v.Decision,
		DecidedAt: v.DecidedAt, ExpiresAt: v.ExpiresAt, GraceUntil: v.GraceUntil, Reason: Summary(v.Violations),
	}
}

// maxSummary bounds Summary in bytes.
const maxSummary = 400

// Summary says in one line what condemns an image.
func Summary(violations []Violation) string {
	if len(violations) == 0 {
		return ""
	}
	first := violations[0]
	line := first.Check + " " + first.Message
	if first.Platform != "" {
		line = first.Platform + ": " + line
	}
	line = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, line)
	if len(line) > maxSummary {
		line = strings.ToValidUTF8(line[:maxSummary], "") + "…"
	}
	if more := len(violations) - 1; more > 0 {
		line += fmt.Sprintf(" (and %d more)", more)
	}
	return line
}
