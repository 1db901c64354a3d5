package layer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// details are files as path, layer, detail and where a link leads.
func details(files []gate.File) []string {
	var out []string
	for _, f := range files {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %d %s %s", f.Path, f.Layer, f.Detail, f.Target)))
	}
	return out
}

func TestFilesThatRunSomethingByThemselves(t *testing.T) {
	run := func(name string) member { return fileMode(name, "#!/bin/sh\n", 0o755) }
	for _, tt := range []struct {
		name   string
		layers [][]member
		want   []string
	}{
		{"a preload file", [][]member{{file("etc/ld.so.preload", "/lib/x.so\n")}}, []string{"/etc/ld.so.preload 0 ld.so.preload"}},
		{"an empty preload file does nothing", [][]member{{file("etc/ld.so.preload", "")}}, nil},
		{"a preload file that a later layer deleted", [][]member{{file("etc/ld.so.preload", "x")}, {whiteout("etc/ld.so.preload")}}, nil},
		{"cron tables", [][]member{{file("etc/crontab", "x")}, {file("etc/cron.d/job", "x"), file("var/spool/cron/crontabs/root", "x"), file("etc/crontabs/root", "x")}},
			[]string{"/etc/crontab 0 cron", "/etc/cron.d/job 1 cron", "/var/spool/cron/crontabs/root 1 cron", "/etc/crontabs/root 1 cron"}},
		{"a link to a directory is no table", [][]member{{dir("etc/crontabs"), symlink("var/spool/cron/crontabs", "/etc/crontabs")}}, nil},
		{"scripts that cron runs", [][]member{{run("etc/cron.daily/apt"), file("etc/cron.daily/README", "x"), run("etc/periodic/15min/job")}}, []string{"/etc/cron.daily/apt 0 cron", "/etc/periodic/15min/job 0 cron"}},
		{"what keeps a directory is no table", [][]member{{file("etc/cron.d/.placeholder", "x"), file("etc/cron.d/empty", "")}}, nil},
		{"units and the links that enable them", [][]member{{file("usr/lib/systemd/system/a.service", "x"), file("usr/lib/systemd/system/a.target", "x"), symlink("lib", "usr/lib"), symlink("etc/systemd/system/multi-user.target.wants/a.service", "/lib/systemd/system/a.service")}},
			[]string{"/etc/systemd/system/multi-user.target.wants/a.service 0 systemd unit /lib/systemd/system/a.service", "/usr/lib/systemd/system/a.service 0 systemd unit"}},
		{"init scripts", [][]member{{run("etc/init.d/ssh"), file("etc/init.d/README", "x")}}, []string{"/etc/init.d/ssh 0 init script"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, tt.layers...)
			expect(t, details(c.Hooks), tt.want)
		})
	}
}

func TestFilesThatLetSomebodyIn(t *testing.T) {
	key := "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me@example.com\n"
	for _, tt := range []struct {
		name   string
		layers [][]member
		want   []string
	}{
		{"host keys, and not their public halves", [][]member{{file("etc/ssh/ssh_host_rsa_key", "x"), file("etc/ssh/ssh_host_rsa_key.pub", "x"), file("etc/ssh/ssh_host_empty_key", ""), file("etc/dropbear/dropbear_rsa_host_key", "x")}},
			[]string{"/etc/ssh/ssh_host_rsa_key 0 ssh host key", "/etc/dropbear/dropbear_rsa_host_key 0 ssh host key"}},
		{"authorized keys", [][]member{{file("root/.ssh/authorized_keys", key), file("home/a/.ssh/authorized_keys2", "# none\n\n"+key)}}, []string{"/home/a/.ssh/authorized_keys2 0 authorized keys", "/root/.ssh/authorized_keys 0 authorized keys"}},
		{"authorized keys without a key", [][]member{{file("root/.ssh/authorized_keys", "# put keys here\n\n"), file("home/a/.ssh/authorized_keys", "")}}, nil},
		{"comments to the end of what is looked at may hide a key", [][]member{{file("root/.ssh/authorized_keys", strings.Repeat("# comment\n", 1000))}}, []string{"/root/.ssh/authorized_keys 0 authorized keys"}},
		{"a file of that name where no server looks", [][]member{{file("srv/test/authorized_keys", key)}}, nil},
		{"keys that a later layer took out", [][]member{{file("root/.ssh/authorized_keys", key)}, {file("root/.ssh/authorized_keys", "# gone\n")}}, nil},
		{"of two entries with one name the last counts", [][]member{{file("root/.ssh/authorized_keys", key), file("root/.ssh/authorized_keys", "# gone\n")}}, nil},
		{"keys through a hard link", [][]member{{file("etc/ssh/authorized_keys", key)}, {hardlink("root/.ssh/authorized_keys", "etc/ssh/authorized_keys")}}, []string{"/etc/ssh/authorized_keys 0 authorized keys", "/root/.ssh/authorized_keys 1 authorized keys"}},
		{"a path to Docker's socket", [][]member{{symlink("var/run", "/run"), symlink("run/docker.sock", "/host/docker.sock")}}, []string{"/run/docker.sock 0 container runtime socket /host/docker.sock"}},
		{"the directory Docker makes where a mount has no source", [][]member{{dir("var/run/docker.sock")}}, nil},
		{"a kubelet's files", [][]member{{file("var/lib/kubelet/pki/kubelet-client.pem", "x"), file("etc/kubernetes/admin.conf", "x"), file("etc/kubernetes/manifests/x.conf", "x"), dir("var/lib/kubelet/pods")}},
			[]string{"/var/lib/kubelet/pki/kubelet-client.pem 0 kubelet credentials", "/etc/kubernetes/admin.conf 0 kubelet credentials"}},
		{"sudo without a password", [][]member{{file("etc/sudoers", "root ALL=(ALL) ALL\napp ALL=(ALL) NOPASSWD: ALL\n"), file("etc/sudoers.d/app", "Defaults:app !authenticate\n")}},
			[]string{"/etc/sudoers 0 sudo without a password", "/etc/sudoers.d/app 0 sudo without a password"}},
		{"a line that continues", [][]member{{file("etc/sudoers", "app ALL=(ALL) \\\n NOPASSWD: ALL\n")}}, []string{"/etc/sudoers 0 sudo without a password"}},
		{"a uid is no comment", [][]member{{file("etc/sudoers.d/u", "#1000 ALL=NOPASSWD: ALL\n")}}, []string{"/etc/sudoers.d/u 0 sudo without a password"}},
		{"what sudo does not read", [][]member{{file("etc/sudoers", "# app ALL=NOPASSWD: ALL\n%wheel ALL=(ALL) ALL # NOPASSWD\n"), file("etc/sudoers.d/app.bak", "app ALL=NOPASSWD: ALL\n"), file("etc/sudoers.d/app~", "app ALL=NOPASSWD: ALL\n"), file("srv/sudoers", "app ALL=NOPASSWD: ALL\n")}}, nil},
		{"sudoers that a later layer replaced", [][]member{{file("etc/sudoers", "app ALL=NOPASSWD: ALL\n")}, {file("etc/sudoers", "root ALL=(ALL) ALL\n")}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, tt.layers...)
			expect(t, details(c.Remote), tt.want)
		})
	}
}
