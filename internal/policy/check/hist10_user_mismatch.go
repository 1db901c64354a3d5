package check

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// UserMismatch is HIST-10.
var UserMismatch = &Check{
	ID: "HIST-10", Name: "user-mismatch", Severity: gate.SeverityInfo, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "Whether the last USER of the history is the config's User.",
		Why:     "Scanners that read USER from the history judge another user than the one that will run. The config's is the truth, and the checks of the family USER read only that.",
		Example: "USER app in the history and no User in the config is noted: the image runs as root. A history without USER is not judged.",
		Fix:     "Build the image again; or nothing, where a tool set the user after the build.",
	},
	Decide: func(in Input) Result {
		last := step{}
		read := overHistory(in, func(s step) []Finding {
			if s.instruction == "USER" {
				last = s
			}
			return nil
		})
		if read.Outcome != Pass {
			return read
		}
		said, configured := strings.Trim(last.args, `[]"'`), in.Image.Config.User
		switch {
		case last.line == 0:
			return notApplicable("the history has no USER")
		case strings.Contains(said, "$"):
			return notApplicable("the history's USER %.100q is a variable", said)
		case said == configured:
			return pass()
		}
		return failed(Finding{
			Message: fmt.Sprintf("history line %d: it sets USER %.100q, and the config has %.100q, which is what counts", last.line, said, configured),
			Fix:     "build the image again, if no tool set the user on purpose", Subject: subject(said),
		})
	},
}
