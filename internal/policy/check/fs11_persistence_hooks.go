package check

import (
	"fmt"
	"path"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// PersistenceHooks is FS-11.
var PersistenceHooks = &Check{
	ID: "FS-11", Name: "persistence-hooks", Severity: gate.SeverityHigh, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Files that run something by themselves: /etc/ld.so.preload, cron tables, units of systemd and scripts of init.",
		Why:     "ld.so.preload puts a library into every process of the container, and is how a rootkit stays. The others run only where a cron daemon or an init system does, but nobody reads them.",
		Example: "/etc/ld.so.preload fails; /etc/cron.d/backup is LOW, and INFO where nothing in the image would run it; what a distribution's packages put into cron.daily, and what the proven base brought, passes.",
		Fix:     "Remove the file; schedule work with a CronJob.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		runs := len(ofKinds(c, gate.ProgramDaemon)) > 0
		var findings []Finding
		for _, f := range c.Hooks {
			if preloads(f.Path) {
				findings = append(findings, Finding{
					Severity: gate.SeverityHigh, Message: f.Path + " puts a library into every process", Fix: "remove " + f.Path + ", and set LD_PRELOAD for the one program that needs it",
					Layer: at(f.Layer), Path: f.Path, Subject: f.Detail,
				})
				continue
			}
			if FromBase(in.Image, f.Layer) || stock(f) {
				continue
			}
			severity, message := gate.SeverityLow, fmt.Sprintf("%s runs by itself (%s)", f.Path, f.Detail)
			if !runs {
				severity, message = gate.SeverityInfo, message+"; nothing in the image would run it"
			}
			findings = append(findings, Finding{Severity: severity, Message: message, Fix: "remove it, and schedule work with a CronJob", Layer: at(f.Layer), Path: f.Path, Subject: f.Detail})
		}
		return judged(c, "hooks", findings, "hooks")
	},
}

// preloads reports whether a path is the loader's list of libraries for every
// process: glibc's, or musl's below its own name.
func preloads(p string) bool { return path.Base(p) == "ld.so.preload" }

// stock reports whether a hook is one that distributions ship. Alpine's table
// for root is there from its first layer on, and only starts /etc/periodic.
func stock(f gate.File) bool {
	return slices.Contains(stockHooks, path.Base(f.Path)) || (f.Path == "/etc/crontabs/root" && f.Layer == 0)
}

// stockHooks are what packages of the distributions' smallest images bring.
var stockHooks = []string{
	"apt-compat", "apt-daily.service", "apt-daily.timer", "apt-daily-upgrade.service", "apt-daily-upgrade.timer",
	"dpkg", "dpkg-db-backup.service", "dpkg-db-backup.timer", "e2scrub_all", "e2scrub_all.service", "e2scrub_all.timer", "e2scrub_reap.service", "e2scrub@.service", "e2scrub_fail@.service",
	"fstrim.service", "fstrim.timer", "logrotate", "logrotate.service", "logrotate.timer", "man-db", "passwd", "pam_namespace.service",
	"hwclock.sh", "procps", "udev", "x11-common", ".placeholder", "0hourly", "crontab", "anacrontab", "0anacron",
}
