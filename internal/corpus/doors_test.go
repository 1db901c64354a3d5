//go:build goexperiment.jsonv2

package corpus

import (
	"strings"
	"testing"
)

func TestWaysIntoTheContainer(t *testing.T) {
	shadow := func(lines string) specimen { return plain(layer{file("etc/shadow", 0o640, lines)}) }
	sudoers := file("etc/sudoers.d/app", 0o440, "app ALL=(ALL) NOPASSWD: ALL\n")
	hash := "$6$" + letters("salt", 8) + "$" + letters("hash", 86)
	run(t, []trap{
		{name: "root has an empty password, as Alpine's once had", image: shadow("root:::0:::::\n"), fires: []string{"FS-08 HIGH"}},
		{name: "an account has a hash that everyone can guess at", image: shadow("root:" + hash + ":19000:0:::::\n"), fires: []string{"FS-08 HIGH"}},
		{name: "the empty password stands in passwd itself", image: plain(layer{file("etc/passwd", 0o644, "root::0:0:root:/root:/bin/sh\nnonroot:x:65532:65532::/:\n")}), fires: []string{"FS-08"}},
		{name: "locked accounts let nobody in", image: shadow("root:*:19000:0:::::\nnonroot:!:19000:0:::::\nbin:!!:1::::::\nold:!" + hash + ":1::::::\n"), silent: []string{"FS-08"}},
		{name: "a later shadow locks the account", image: plain(layer{file("etc/shadow", 0o640, "root:::0:::::\n")}, layer{file("etc/shadow", 0o640, "root:*:0:::::\n")}), silent: []string{"FS-08"}},
		{name: "an image without shadow has no passwords", image: plain(), silent: []string{"FS-08"}},
		{name: "a second account has uid 0", image: accounts("backup:x:0:34::/:\n", ""), fires: []string{"FS-07 HIGH"}},
		{name: "a second account has uid 00", image: accounts("backup:x:00:34::/:\n", ""), fires: []string{"FS-07 HIGH"}},
		{name: "two accounts share a uid that is not root's", image: accounts("one:x:1000:1000::/:\ntwo:x:1000:1000::/:\n", ""), fires: []string{"FS-07 LOW"}},
		{name: "accounts share a primary group, as in Alpine", image: accounts("one:x:1000:100::/:\ntwo:x:1001:100::/:\n", "users:x:100:\n"), silent: []string{"FS-07"}},
		{name: "sudo lets an account become root without a password", image: plain(layer{file("usr/bin/sudo", 0o4755, elf(2, amd64, "")), sudoers}), fires: []string{"FS-09 MEDIUM", "FS-01"}},
		{name: "such a line without sudo opens nothing yet", image: plain(layer{sudoers}), fires: []string{"FS-09 LOW"}},
		{name: "such a line is a comment", image: plain(layer{file("etc/sudoers", 0o440, "# app ALL=(ALL) NOPASSWD: ALL\n")}), silent: []string{"FS-09"}},
		{name: "a later layer deletes the line's file", image: plain(layer{sudoers}, layer{gone("etc/sudoers.d/app")}), silent: []string{"FS-09"}},
		{name: "an SSH server and its host key", image: plain(layer{program("usr/sbin/sshd"), file("etc/ssh/ssh_host_ecdsa_key", 0o600, privateKey())}), fires: []string{"FS-10", "CRED-02"}},
		{name: "a key that may log in", image: plain(layer{file("root/.ssh/authorized_keys", 0o600, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI someone@example\n")}), fires: []string{"FS-10"}},
		{name: "the SSH client is no server", image: plain(layer{program("usr/bin/ssh")}), fires: []string{"MIN-03"}, silent: []string{"FS-10"}},
		{name: "a library goes into every process", image: plain(layer{file("etc/ld.so.preload", 0o644, "/usr/lib/libhook.so\n")}), fires: []string{"FS-11 HIGH"}},
		{name: "the loader's list is empty", image: plain(layer{file("etc/ld.so.preload", 0o644, "")}), silent: []string{"FS-11"}},
		{name: "Alpine's crontabs are a link to a directory, which is no table",
			image: plain(layer{dir("etc/crontabs", 0o755), symlink("var/spool/cron/crontabs", "/etc/crontabs"), program("usr/sbin/crond")}), fires: []string{"MIN-10"}, silent: []string{"FS-11"}},
		{name: "a table of cron with nothing that reads it", image: plain(layer{file("etc/cron.d/backup", 0o644, "* * * * * root /app\n")}), fires: []string{"FS-11 INFO"}},
	})
}

func TestWhatBuildsLeaveBehind(t *testing.T) {
	lists := file("var/lib/apt/lists/deb.example_dists_stable_main_binary-amd64_Packages", 0o644, strings.Repeat("Package: example\nVersion: 1.0\n\n", 60_000))
	config := file("app-src/.git/config", 0o644, "[remote \"origin\"]\n\turl = https://github.com/example/app.git\n")
	run(t, []trap{
		{name: "the package lists lie in a lower layer, and every node pulls them", image: plain(layer{lists}, layer{gone("var/lib/apt/lists")}), fires: []string{"MIN-05 LOW"}},
		{name: "a few small files of a clean-up are not worth a word", image: plain(layer{file("var/lib/apt/lists/lock", 0o640, ""), file("var/cache/apt/pkgcache.bin", 0o644, "small\n")}), silent: []string{"MIN-05"}},
		{name: "a repository was copied with the sources", image: plain(layer{config}), fires: []string{"MIN-06 LOW"}, silent: []string{"CRED-06"}},
		{name: "a library brought its own stray files", image: plain(layer{file("srv/node_modules/x/.github/ci.yml", 0o644, "on: push\n"), file("srv/node_modules/x/Dockerfile", 0o644, "FROM scratch\n")}), silent: []string{"MIN-06"}},
		{name: "a shell's history", image: plain(layer{file("root/.bash_history", 0o600, "ls\nexit\n")}), fires: []string{"CRED-05 MEDIUM"}},
		{name: "a shell's history that a later layer deletes can still be read", image: plain(layer{file("root/.bash_history", 0o600, "ls\n")}, layer{gone("root/.bash_history")}), fires: []string{"CRED-05"}},
		{name: "an empty history tells nothing", image: plain(layer{file("root/.bash_history", 0o600, "")}), silent: []string{"CRED-05"}},
		{name: "a database's dump, by its first line", image: plain(layer{file("srv/seed.sql", 0o644, "-- MySQL dump 10.13  Distrib 8.0\nINSERT INTO users VALUES (1);\n")}), fires: []string{"CRED-05"}},
		{name: "a schema is no dump", image: plain(layer{file("srv/schema.sql", 0o644, "CREATE TABLE users (id int);\n")}), silent: []string{"CRED-05"}},
	})
}
