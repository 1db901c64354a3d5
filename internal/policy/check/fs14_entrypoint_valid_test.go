package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestEntrypointValid(t *testing.T) {
	command := func(change func(*gate.Command)) func(*Input) {
		return func(in *Input) { change(in.Image.Contents.Command) }
	}
	machine := func(machine, architecture string) func(*Input) {
		return func(in *Input) {
			in.Image.Contents.Command.Machine, in.Image.Config.Architecture = machine, architecture
		}
	}
	no := false
	test(t, EntrypointValid, []scenario{
		{name: "a program that starts", want: Pass},
		{name: "a script that starts", change: command(func(c *gate.Command) { c.Format, c.Machine, c.Interpreter = "script", "", "/bin/sh" }), want: Pass},
		{name: "no such file", change: command(func(c *gate.Command) { c.Path = "" }), want: Fail, severity: gate.SeverityMedium, says: `"/app", which leads to no file`},
		{name: "no such file in what was read", change: func(in *Input) {
			in.Image.Contents.Command.Path, in.Image.Contents.Complete = "", false
		}, want: Unknown, says: "not read to its end"},
		{name: "not executable by the user", change: command(func(c *gate.Command) { c.Runnable, c.Mode = &no, 0o700 }), want: Fail, severity: gate.SeverityMedium, says: "mode 0700"},
		{name: "nobody can tell whether it is", change: command(func(c *gate.Command) { c.Runnable = nil }), want: Unknown, says: "/app"},
		{name: "a program of a kind that nobody recorded", change: command(func(c *gate.Command) { c.Format, c.Machine = "", "" }), want: Unknown, says: "/app"},
		{name: "a script without #!", change: command(func(c *gate.Command) { c.Format, c.Machine = "other", "" }), want: Fail, says: "neither an ELF program"},
		{name: "an amd64 program for arm64", change: machine("amd64", "arm64"), want: Fail, severity: gate.SeverityMedium, says: "for amd64"},
		{name: "an arm program for arm64", change: machine("arm", "arm64"), want: Fail, says: "for arm"},
		{name: "a machine without a name for arm64", change: machine("EM_8", "arm64"), want: Fail, says: "EM_8"},
		{name: "a 32-bit program on amd64", change: machine("386", "amd64"), want: Pass},
		{name: "an architecture by its other name", change: machine("arm64", "aarch64"), want: Pass},
		{name: "an architecture that is not known", change: machine("EM_8", "mips64le"), want: Pass},
		{name: "no architecture to compare", change: machine("arm64", ""), want: Pass},
		{name: "a loader that is missing", change: command(func(c *gate.Command) { c.Interpreter, c.InterpreterMissing = "/lib64/ld-linux-x86-64.so.2", true }), want: Fail, severity: gate.SeverityMedium, says: "/lib64/ld-linux-x86-64.so.2"},
		{name: "an image for Windows", change: func(in *Input) { in.Image.Config.OS = "windows" }, want: NotApplicable},
		{name: "nothing is started", change: func(in *Input) {
			in.Image.Contents.Command, in.Image.Config.Entrypoint = nil, nil
		}, want: NotApplicable, says: "CONF-08"},
		{name: "nobody looked the command up", change: func(in *Input) { in.Image.Contents.Command = nil }, want: Unknown},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
