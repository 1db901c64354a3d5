package check

import "github.com/imagegate/imagegate/internal/gate"

// PrivilegedDaemons is MIN-10.
var PrivilegedDaemons = &Check{
	ID: "MIN-10", Name: "privileged-daemons", Severity: gate.SeverityLow, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Programs that run a machine and not a container: init systems, cron, syslog and mail daemons.",
		Why:     "They expect to be root, and start processes that the cluster neither sees nor limits.",
		Example: "/usr/sbin/cron and /lib/systemd/systemd fail; tini and dumb-init, which only pass signals on, are no init systems.",
		Fix:     "Start one process in the container; use a CronJob, and log to standard output.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, p := range grouped(ofKinds(c, gate.ProgramDaemon)) {
			findings = append(findings, p.finding("", "is a daemon that runs a machine", "remove its package: use a CronJob for cron, standard output for syslog, one process for init"))
		}
		return judged(c, "programs", findings, "programs")
	},
}
