package check

import (
	"fmt"
	"path"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// WorkdirProc is CONF-06.
var WorkdirProc = &Check{
	ID: "CONF-06", Name: "workdir-proc", Severity: gate.SeverityCritical, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "A working directory inside /proc, /sys or /dev.",
		Why:      "WORKDIR /proc/self/fd/8 is how an image gets out of runc before 1.1.12 (CVE-2024-21626).",
		Example:  "/proc/self/fd/8 and /proc/1/../1/fd/7 are CRITICAL, /sys is HIGH, /app passes.",
		Fix:      "Set WORKDIR to a directory of the image.",
		Controls: []string{"CVE-2024-21626"},
	},
	Decide: func(in Input) Result {
		configured := in.Image.Config.WorkingDir
		dir := path.Clean("/" + configured)
		severity := gate.Severity("")
		switch parts := strings.Split(strings.TrimPrefix(dir, "/"), "/"); {
		case parts[0] == "proc" && len(parts) > 2 && (parts[2] == "fd" || parts[2] == "cwd" || parts[2] == "root" || parts[2] == "task"):
			severity = gate.SeverityCritical
		case parts[0] == "proc", parts[0] == "sys", parts[0] == "dev" && dir != "/dev/shm":
			severity = gate.SeverityHigh
		default:
			return pass()
		}
		return failed(Finding{Severity: severity, Message: fmt.Sprintf("the working directory %.100q lies in a file system of the kernel", configured), Fix: "set WORKDIR to a directory of the image", Path: dir})
	},
}
