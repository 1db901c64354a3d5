package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// PermissiveChmod is HIST-12.
var PermissiveChmod = &Check{
	ID: "HIST-12", Name: "permissive-chmod", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "RUN, COPY and ADD lines of the history that open files to everybody, make them setuid, or give them capabilities.",
		Why:     "Such files are the first step from a user to another one. What the layers really hold is the business of FS-01, -02 and -03.",
		Example: "chmod -R 777 /app, chmod u+s, COPY --chmod=777 and setcap fail; chmod 755, chmod 1777 /tmp and chmod g+s on a directory pass.",
		Fix:     "Give files to the image's user with COPY --chown, with mode 755 or less.",
	},
	Decide: func(in Input) Result {
		return overHistory(in, func(s step) []Finding {
			var findings []Finding
			add := func(what string) {
				if what != "" && !slices.ContainsFunc(findings, func(f Finding) bool { return f.Subject == what }) {
					findings = append(findings, Finding{Message: "it uses " + what, Fix: "give the files to the image's user, with mode 755 or less", Subject: what})
				}
			}
			if s.instruction == "COPY" || s.instruction == "ADD" {
				for _, option := range strings.Fields(s.args) {
					if mode, ok := strings.CutPrefix(option, "--chmod="); ok && permissive(mode) {
						add(fmt.Sprintf("--chmod=%.20s", subject(mode)))
					}
				}
			}
			for _, c := range s.commands().commands {
				switch c.name {
				case "setcap":
					if !slices.Contains(c.args, "-r") {
						add("setcap")
					}
				case "chmod", "install":
					if mode := chmodMode(c); permissive(mode) {
						add(fmt.Sprintf("%s %.20s", c.name, subject(mode)))
					}
				}
			}
			return findings
		})
	},
}

// chmodMode is the mode that chmod or install is given. It may begin with a
// dash: chmod -w.
func chmodMode(c command) string {
	if c.name == "install" {
		for _, a := range c.args {
			if mode, ok := strings.CutPrefix(a, "-m"); ok && mode != "" {
				return mode
			}
		}
		return optionValue(c.args, "-m", "--mode")
	}
	for _, a := range c.args {
		if a == "--" || strings.HasPrefix(a, "--") || strings.Trim(a, "-Rvfchr") == "" {
			continue
		}
		return a
	}
	return ""
}

// permissive reports whether a mode lets everybody write without the sticky
// bit, or makes files setuid. setgid is what shared directories have.
func permissive(mode string) bool {
	if mode != "" && strings.Trim(mode, "01234567") == "" {
		for len(mode) < 4 {
			mode = "0" + mode
		}
		special, other := mode[len(mode)-4]-'0', mode[len(mode)-1]-'0'
		return special&4 != 0 || other&2 != 0 && special&1 == 0
	}
	for clause := range strings.SplitSeq(mode, ",") {
		i := strings.IndexAny(clause, "+-=")
		if i < 0 || strings.Trim(clause[:i], "ugoa") != "" || clause[i] == '-' {
			continue
		}
		who, what := clause[:i], clause[i+1:]
		if strings.Contains(what, "w") && strings.ContainsAny(who, "oa") && !strings.Contains(what, "t") {
			return true
		}
		if strings.Contains(what, "s") && (who == "" || strings.ContainsAny(who, "ua")) {
			return true
		}
	}
	return false
}
