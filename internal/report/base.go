package report

import (
	"fmt"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// rebuild is what rebuilding on the newest build of the base would do; empty
// where there is nothing newer, or nothing known of it.
func rebuild(b *gate.BaseRef) string {
	if b == nil || b.Newest == nil {
		return ""
	}
	n := b.Newest
	text := "rebuild on " + cut(n.Reference, 200)
	if n.Digest != "" {
		text += "@" + cut(n.Digest, 80)
	}
	switch {
	case n.Of > 0 && n.Removes == 0:
		text = fmt.Sprintf("a newer build of the base is out, %s@%s; it removes none of %s", cut(n.Reference, 200), cut(n.Digest, 80), plural(n.Of, "violation"))
	case n.Of > 0:
		text += fmt.Sprintf(": removes %d of %s", n.Removes, plural(n.Of, "violation"))
	default:
		text += ": the base's newest build; what it removes is not known"
	}
	if !n.Created.IsZero() {
		text += fmt.Sprintf(" (built %s)", day(n.Created))
	}
	return text
}

// day is a date without its time.
func day(t time.Time) string {
	if t.IsZero() {
		return "an unknown day"
	}
	return t.UTC().Format("2006-01-02")
}

// proofText says in words how the base is known.
func proofText(p gate.Proof) string {
	switch p {
	case gate.ProofProven:
		return "proven: the image's layers begin with an approved base's"
	case gate.ProofAttested:
		return "attested: layers and signed provenance agree"
	case gate.ProofMatched:
		return "matched: the image's layers begin with that image's"
	case gate.ProofClaimed:
		return "claimed only: a label or annotation says so"
	}
	return "unknown"
}
