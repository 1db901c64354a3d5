package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// UnpinnedPackages is HIST-09.
var UnpinnedPackages = &Check{
	ID: "HIST-09", Name: "unpinned-packages", Severity: gate.SeverityInfo, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "RUN lines of the history that install packages of apt, apk, pip, npm or gem without naming a version.",
		Why:      "The same Dockerfile makes another image tomorrow. Distributions drop old versions, so pinning them has its price: this is never more than a note.",
		Example:  "apt-get install curl, pip install flask and npm install -g serve are noted; pip install flask==3.1.0, pip install -r requirements.txt and npm ci pass.",
		Fix:      "Name versions, or install from a lock file.",
		Controls: []string{"hadolint DL3008", "hadolint DL3013", "hadolint DL3016", "hadolint DL3018", "hadolint DL3028"},
	},
	Decide: func(in Input) Result {
		return overHistory(in, func(s step) []Finding {
			var findings []Finding
			for _, c := range s.commands().commands {
				manager, loose := unpinned(c)
				if len(loose) == 0 || slices.ContainsFunc(findings, func(f Finding) bool { return f.Subject == manager }) {
					continue
				}
				for i := range loose[:min(len(loose), 5)] {
					loose[i] = fmt.Sprintf("%.40q", Redact(loose[i]))
				}
				findings = append(findings, Finding{Message: fmt.Sprintf("%s installs without a version: %s", manager, firstFew(loose, 5)), Fix: "name versions, or install from a lock file", Subject: manager})
			}
			return findings
		})
	},
}

// installer says how a package manager is asked for packages.
type installer struct {
	verbs  []string
	pins   string   // characters that begin a version
	valued []string // options whose next word is no package
	// sourced are options that make the versions those of a file.
	sourced []string
}

var installers = map[string]installer{
	"apt-get": {verbs: []string{"install"}, pins: "=", valued: []string{"-o", "-c", "-t", "--target-release"}},
	"apk":     {verbs: []string{"add"}, pins: "=~<>", valued: []string{"-t", "--virtual", "-X", "--repository", "-p", "--root"}},
	"pip": {
		verbs: []string{"install"}, pins: "=~<>!@", valued: []string{"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-t", "--target", "--prefix", "--root", "--cache-dir", "--trusted-host", "--proxy", "--timeout", "--retries", "--log"},
		sourced: []string{"-r", "--requirement", "-c", "--constraint", "-e", "--editable", "--no-index"},
	},
	"npm": {verbs: []string{"install", "i", "add"}, pins: "@", valued: []string{"--prefix", "--registry", "-w", "--workspace"}},
	"gem": {verbs: []string{"install"}, pins: ":", valued: []string{"-i", "--install-dir", "-n", "--bindir", "-s", "--source"}, sourced: []string{"-v", "--version", "-g", "--file"}},
}

// unpinned are the packages that a command installs in whichever version.
func unpinned(c command) (manager string, loose []string) {
	manager, args := c.name, c.args
	switch {
	case strings.HasPrefix(manager, "python") && len(args) > 2 && args[0] == "-m":
		manager, args = args[1], args[2:]
	case manager == "uv" && len(args) > 1:
		manager, args = args[0], args[1:]
	}
	switch {
	case manager == "apt", manager == "aptitude":
		manager = "apt-get"
	case strings.HasPrefix(manager, "pip") && strings.Trim(manager[3:], "0123456789.") == "":
		manager = "pip"
	}
	in, ok := installers[manager]
	if !ok {
		return "", nil
	}
	asked := false
	for i := 0; i < len(args); i++ {
		a := args[i]
		option, _, assigned := strings.Cut(a, "=")
		switch {
		case slices.Contains(in.sourced, option):
			return manager, nil
		case slices.Contains(in.valued, option):
			if !assigned {
				i++
			}
		case strings.HasPrefix(a, "-"), a == "":
		case !asked:
			if !slices.Contains(in.verbs, a) {
				return manager, nil
			}
			asked = true
		case !pinned(a, in.pins):
			loose = append(loose, a)
		}
	}
	return manager, loose
}

// pinned reports whether a package is given with a version, or is a path, a
// URL, an archive, or a variable, which cannot be judged. A scope of npm begins
// with @ and has a slash: @scope/name.
func pinned(pkg, pins string) bool {
	if strings.ContainsAny(pkg[1:], pins) || pkg == "." || strings.Contains(pkg, "$") {
		return true
	}
	if strings.Contains(pkg, "/") && !strings.HasPrefix(pkg, "@") {
		return true
	}
	return slices.ContainsFunc([]string{".deb", ".apk", ".whl", ".gem", ".tgz", ".tar.gz", ".zip"}, func(end string) bool { return strings.HasSuffix(pkg, end) })
}
