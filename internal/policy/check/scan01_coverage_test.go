package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestCoverage(t *testing.T) {
	test(t, Coverage, []scenario{
		{name: "a distribution with packages", want: Pass},
		{name: "a static Go binary", change: func(in *Input) { in.Image.Scan.OS, in.Image.Scan.OSPackages = nil, 0 }, want: Pass},
		{name: "a stripped C program", change: func(in *Input) { in.Image.Scan = &gate.Scan{} }, want: Fail, severity: gate.SeverityHigh, says: "neither"},
		{name: "data only", change: func(in *Input) { in.Image.Scan = &gate.Scan{}; in.Image.Contents.Executables = 0 }, want: NotApplicable},
		{name: "a distribution without advisories", change: func(in *Input) { in.Image.Scan.OS.Supported = false }, want: Fail, says: "no advisories"},
		{name: "a distribution without its packages", change: func(in *Input) { in.Image.Scan.OSPackages = 0; in.Image.Contents.Class = gate.ClassSlim }, want: Fail, says: "none of its packages"},
		{name: "a static base has a name and no packages", change: func(in *Input) { in.Image.Scan.OSPackages = 0 }, want: Pass},
		{name: "package records without a distribution", change: func(in *Input) {
			in.Image.Scan = &gate.Scan{LanguagePackages: 1}
			in.Image.Contents.PackageDatabases = []string{"/var/lib/dpkg/status"}
		}, want: Fail, says: "/var/lib/dpkg/status"},
		{name: "not scanned", change: unread, want: Unknown},
		{name: "a distribution's own package records", change: func(in *Input) {
			in.Image.Contents.PackageDatabases = []string{"/var/lib/dpkg/status", "/var/lib/dpkg/status.d/"}
		}, want: Pass},
		{name: "the name of a distribution and the packages of another", change: func(in *Input) {
			in.Image.Scan.OS.Family = "wolfi"
			in.Image.Contents.PackageDatabases = []string{"/var/lib/dpkg/status"}
		}, want: Fail, severity: gate.SeverityHigh, says: "/var/lib/dpkg/status"},
		{name: "the packages of another beside a few of its own", change: func(in *Input) {
			in.Image.Scan.OS.Family = "wolfi"
			in.Image.Contents.PackageDatabases = []string{"/usr/lib/apk/db/installed", "/var/lib/dpkg/status"}
		}, want: Fail, says: "/var/lib/dpkg/status"},
	})
}
