package check

import (
	"fmt"
	"path"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// RootHelperEntry is CONF-10.
var RootHelperEntry = &Check{
	ID: "CONF-10", Name: "root-helper-entry", Severity: gate.SeverityMedium, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Whether the image starts a program that changes users (sudo, su, gosu, su-exec), an ssh server, an init system or a cron service.",
		Why:      "Those begin as root, or run several services in one container, which nothing outside can watch.",
		Example:  "ENTRYPOINT [\"gosu\", \"app\", \"/app\"] fails, as does CMD service ssh start && /usr/sbin/sshd -D; tini, dumb-init and catatonit pass.",
		Fix:      "Set USER and start the program itself; run each service in its own container.",
		Controls: []string{"Trivy DS-0010", "Kubescape C-0062"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, c := range started(in.Image.Config) {
			for _, name := range slices.Concat(c.through, []string{c.name}) {
				if what := rootHelpers[name]; what != "" && !slices.ContainsFunc(findings, func(f Finding) bool { return f.Subject == name }) {
					findings = append(findings, Finding{Message: fmt.Sprintf("the image starts %s, %s", name, what), Fix: "set USER and start the program itself, one service in one container", Subject: name})
				}
			}
		}
		if words := commandLine(in.Image.Config); len(words) > 0 && slices.Contains([]string{"/sbin/init", "/usr/sbin/init", "/bin/init", "init"}, words[0]) {
			findings = append(findings, Finding{Message: "the image starts an init system", Fix: "start the program itself, one service in one container", Subject: path.Base(words[0])})
		}
		return verdictOn(findings)
	},
}

var rootHelpers = map[string]string{
	"sudo": "which makes it root", "doas": "which makes it root", "su": "which needs root", "runuser": "which needs root",
	"gosu": "which needs to begin as root", "su-exec": "which needs to begin as root",
	"sshd": "a server for logging in", "dropbear": "a server for logging in",
	"systemd": "an init system", "supervisord": "which runs several services", "cron": "which runs jobs as root", "crond": "which runs jobs as root",
}
