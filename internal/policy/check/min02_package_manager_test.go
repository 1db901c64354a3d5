package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPackageManager(t *testing.T) {
	test(t, PackageManager, []scenario{
		{name: "none", want: Pass},
		{name: "the database alone is good", change: func(in *Input) { in.Image.Contents.PackageDatabases = []string{"/var/lib/dpkg/status.d"} }, want: Pass},
		{name: "apt", change: func(in *Input) { in.Image.Contents.PackageManagers = []gate.File{{Path: "/usr/bin/apt-get"}} }, want: Fail, severity: gate.SeverityMedium, says: "apt-get"},
	})
}
