package check

import (
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// attachments answers for a check of what is attached as long as there is
// nothing to judge: nobody looked, or not everywhere.
func attachments(in Input, kind gate.AttachmentKind) (found []gate.Attachment, answer Result, done bool) {
	s := in.Image.Supply
	if s == nil {
		return nil, unknown("what is attached to the image was not looked up"), true
	}
	reasons := s.Problems
	for _, a := range s.Attachments {
		switch {
		case a.Kind != kind:
		case a.Problem != "":
			reasons = append(slices.Clip(reasons), a.Problem)
		case a.Subjects != nil && !a.About:
			// SUP-03 judges it.
		case in.Options.VerifiedAttestations && !a.Verified:
			// It does not count.
		default:
			found = append(found, a)
		}
	}
	if s.Truncated {
		reasons = append(slices.Clip(reasons), "there are more attachments than were read")
	}
	if len(found) == 0 && len(reasons) > 0 {
		return nil, unknown("not everything attached could be read: %.300s", strings.Join(reasons, "; ")), true
	}
	return found, Result{}, false
}

// trusted compares a name with patterns whose last "*" stands for any rest.
func trusted(patterns []string, name string) bool {
	for _, p := range patterns {
		if prefix, open := strings.CutSuffix(p, "*"); name == p || (open && strings.HasPrefix(name, prefix)) {
			return true
		}
	}
	return false
}
