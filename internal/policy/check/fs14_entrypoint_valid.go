package check

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// EntrypointValid is FS-14.
var EntrypointValid = &Check{
	ID: "FS-14", Name: "entrypoint-valid", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Whether the program that ENTRYPOINT and CMD start is there, may be executed by the image's user, is made for the config's architecture, and has its interpreter or loader.",
		Why:     "Otherwise the container does not start, and what was checked here is not what will run.",
		Example: "A program linked against glibc on a base without it, an amd64 binary in an image for arm64, and a script whose #! names a missing bash fail.",
		Fix:     "Build the program for the image's platform and copy what it needs with it.",
	},
	Decide: func(in Input) Result {
		c, config := in.Image.Contents, in.Image.Config
		switch {
		case c == nil:
			return unknown("no layer was read")
		case c.Command == nil:
			return noCommandFacts(config)
		case config.OS != "" && config.OS != "linux":
			return notApplicable("programs of %.100q are not examined", config.OS)
		case c.Command.Path == "" && !c.Complete:
			return unknown("%.100q was not found, and a layer was not read to its end", c.Command.Argument)
		case c.Command.Path == "":
			return failed(Finding{
				Message: fmt.Sprintf("the image starts %.100q, which leads to no file", c.Command.Argument),
				Fix:     "copy the program into the image, or correct ENTRYPOINT, CMD, PATH or WORKDIR", Subject: shortened(c.Command.Argument),
			})
		}
		findings := commandFindings(c, config)
		switch {
		case len(findings) > 0:
		case c.Command.Runnable == nil:
			return unknown("whether USER %.100q may execute %s cannot be told", c.User.Configured, c.Command.Path)
		case c.Command.Format == "":
			return unknown("what kind of program %s is was not recorded", c.Command.Path)
		}
		return verdictOn(findings)
	},
}

// commandFindings are what keeps a program that is there from starting.
func commandFindings(c *gate.Contents, config gate.Config) []Finding {
	cmd := c.Command
	var findings []Finding
	add := func(message, fix string) {
		findings = append(findings, Finding{Message: message, Fix: fix, Layer: at(cmd.Layer), Path: cmd.Path, Subject: shortened(cmd.Argument)})
	}
	if cmd.Runnable != nil && !*cmd.Runnable {
		add(fmt.Sprintf("USER %.100q may not execute %s (owner %d:%d, mode %04o)", c.User.Configured, cmd.Path, cmd.UID, cmd.GID, cmd.Mode), "chmod a+rx "+cmd.Path+" and the directories above it")
	}
	if cmd.Format == "other" {
		add(cmd.Path+" is neither an ELF program nor a script that begins with #!", "begin the script with #! and its interpreter, or copy the program itself")
	}
	if cmd.Machine != "" && config.Architecture != "" && !runsOn(cmd.Machine, config.Architecture) {
		add(fmt.Sprintf("%s is a program for %s, and the image says that it is for %.100q", cmd.Path, cmd.Machine, config.Architecture), "build the program for the image's platform: with docker build, use TARGETARCH")
	}
	if cmd.InterpreterMissing {
		add(fmt.Sprintf("%s needs the interpreter %.100q, which the image does not have", cmd.Path, cmd.Interpreter), "copy the interpreter or the C library, or link the program statically")
	}
	return findings
}

// runsOn reports whether a program of one machine starts on an architecture as
// configs name it. 64-bit x86 kernels start 32-bit programs; 64-bit ARM
// processors often cannot.
func runsOn(machine, architecture string) bool {
	switch architecture {
	case "x86_64", "x86-64":
		architecture = "amd64"
	case "aarch64", "armv8":
		architecture = "arm64"
	case "i386", "i686":
		architecture = "386"
	case "armhf", "armel":
		architecture = "arm"
	}
	if strings.HasPrefix(machine, "EM_") && !knownArchitecture(architecture) {
		return true // neither side is known: nothing to compare
	}
	return machine == architecture || (machine == "386" && architecture == "amd64")
}

// knownArchitecture reports whether ELF machines of it are named.
func knownArchitecture(a string) bool {
	switch a {
	case "amd64", "arm64", "386", "arm", "riscv64", "ppc64le", "s390x":
		return true
	}
	return false
}

// shortened bounds what an author wrote for use as a subject.
func shortened(s string) string {
	if len(s) > 100 {
		s = s[:100]
	}
	return strings.ToValidUTF8(s, "")
}
