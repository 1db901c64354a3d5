package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestUserMismatch(t *testing.T) {
	users := func(configured string, lines ...string) func(*Input) {
		return func(in *Input) {
			history(append([]string{"COPY app /app"}, lines...)...)(in)
			in.Image.Config.User = configured
		}
	}
	test(t, UserMismatch, []scenario{
		{name: "a history without USER", want: NotApplicable, says: "no USER"},
		{name: "no history", change: noHistory, want: NotApplicable, says: "no history"},
		{name: "the same", change: users("app", "USER app"), want: Pass},
		{name: "the last counts", change: users("65532", "USER root", "/bin/sh -c #(nop)  USER 65532"), want: Pass},
		{name: "of the oldest builders", change: users("app", "/bin/sh -c #(nop) USER [app]"), want: Pass},
		{name: "with buildah's suffix", change: users("app", "/bin/sh -c #(nop) USER app|unsetLabel=true"), want: Pass},
		{name: "the config has none: it runs as root", change: users("", "USER app"), want: Fail, severity: gate.SeverityInfo, says: `USER "app", and the config has ""`},
		{name: "another", change: users("0", "USER app", "USER 65532"), want: Fail, says: "history line 3"},
		{name: "a variable", change: users("1654", "USER $APP_UID"), want: NotApplicable, says: "variable"},
		{name: "a longer history than is read", change: users("app", make([]string, maxSteps)...), want: Unknown},
	})
}
