package worker

import "github.com/landlock-lsm/go-landlock/landlock"

// Sandbox restricts this process for good: it may read the database, the layer
// cache and what name resolution and TLS need, and write its temporary
// directory. Kernels without Landlock restrict what they can; the error is of
// a kernel that can and did not.
func Sandbox(temp string, readable []string) error {
	system := []string{"/etc/ssl", "/etc/pki", "/usr/share/ca-certificates", "/usr/share/zoneinfo"}
	files := []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/localtime", "/etc/mime.types", "/dev/null", "/dev/urandom", "/proc/self"}
	return landlock.V5.BestEffort().RestrictPaths(
		landlock.RODirs(append(system, readable...)...).IgnoreIfMissing(),
		landlock.ROFiles(files[:len(files)-1]...).IgnoreIfMissing(),
		landlock.RODirs(files[len(files)-1]).IgnoreIfMissing(),
		landlock.RWDirs(temp),
	)
}
