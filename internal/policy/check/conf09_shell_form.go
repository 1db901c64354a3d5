package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// ShellForm is CONF-09.
var ShellForm = &Check{
	ID: "CONF-09", Name: "shell-form", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Whether what the image starts is a shell with a script (sh -c), which is what ENTRYPOINT and CMD without brackets become.",
		Why:      "The image then needs a shell, and the signal to end reaches the shell and not the program. Without a shell in the image (MIN-01) it cannot start at all: HIGH.",
		Example:  "CMD app --port 80 fails; CMD [\"app\", \"--port\", \"80\"] passes, and so does ENTRYPOINT [\"/docker-entrypoint.sh\"].",
		Fix:      "Write the command as a JSON list: CMD [\"app\"].",
		Controls: []string{"BuildKit JSONArgsRecommended"},
	},
	Decide: func(in Input) Result {
		shell, ok := shellForm(in.Image.Config)
		if !ok {
			return pass()
		}
		fix := `write the command as a JSON list: CMD ["app"]`
		if c := in.Image.Contents; c != nil && c.Complete && len(c.Shells) == 0 {
			return failed(Finding{Severity: gate.SeverityHigh, Message: fmt.Sprintf("the image starts with %s -c and has no shell: it cannot start", shell), Fix: fix, Subject: shell})
		}
		return failed(Finding{Severity: gate.SeverityLow, Message: fmt.Sprintf("the image starts with %s -c: it needs a shell to run", shell), Fix: fix, Subject: shell})
	},
}
