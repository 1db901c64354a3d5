package layer

import (
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// programNames are the programs of each kind.
var programNames = map[gate.ProgramKind][]string{
	gate.ProgramNetwork: {
		"curl", "wget", "nc", "ncat", "netcat", "nc.openbsd", "nc.traditional", "socat", "telnet", "ftp", "lftp", "tftp", "sftp", "scp", "ssh",
		"rsync", "nmap", "masscan", "dig", "nslookup", "drill", "aria2c", "rclone",
	},
	gate.ProgramDebug: {
		"gdb", "gdbserver", "lldb", "lldb-server", "strace", "ltrace", "tcpdump", "tshark", "dumpcap", "perf", "bpftrace", "valgrind", "dlv", "py-spy",
		"rbspy", "iperf", "iperf3",
	},
	gate.ProgramToolchain: {
		"gcc", "g++", "cc", "c++", "c89", "c99", "cpp", "clang", "clang++", "tcc", "gfortran", "as", "ld", "ld.bfd", "ld.gold", "ld.lld", "lld", "mold",
		"make", "gmake", "cmake", "ninja", "meson", "automake", "autoconf", "libtool", "go", "rustc", "cargo", "javac", "kotlinc", "scalac", "ghc",
		"nasm", "yasm", "swiftc", "zig",
	},
	gate.ProgramInstaller: {
		"pip", "pipx", "pipenv", "poetry", "uv", "easy_install", "conda", "mamba", "micromamba", "npm", "yarn", "pnpm", "corepack", "gem", "bundle",
		"bundler", "composer", "mvn", "gradle", "cpan", "cpanm", "luarocks", "nuget", "mix",
	},
	gate.ProgramDaemon: {
		"init", "systemd", "openrc", "openrc-init", "openrc-run", "runit", "runsvdir", "cron", "crond", "anacron", "atd", "syslogd", "klogd", "rsyslogd",
		"syslog-ng", "sendmail", "postfix", "exim", "exim4", "dovecot", "inetd", "xinetd", "dbus-daemon",
	},
	gate.ProgramControl: {
		"docker", "dockerd", "containerd", "ctr", "crictl", "nerdctl", "podman", "buildah", "buildctl", "buildkitd", "skopeo", "kubectl", "kubelet",
		"kubeadm", "helm", "oc", "k3s", "k9s", "nsenter", "runc", "crun",
	},
	gate.ProgramPrivilege: {"sudo", "su", "doas", "pkexec", "newuidmap", "newgidmap"},
	gate.ProgramSSHServer: {"sshd", "dropbear"},
}

// versioned are kinds whose programs bear versions (gcc-12, pip3.11), and
// toolchains a target before their name (x86_64-linux-gnu-gcc-12).
func versioned(k gate.ProgramKind) bool {
	return k == gate.ProgramToolchain || k == gate.ProgramInstaller
}

var kindOf = func() map[string]gate.ProgramKind {
	kinds := map[string]gate.ProgramKind{}
	for kind, names := range programNames {
		for _, name := range names {
			kinds[name] = kind
		}
	}
	return kinds
}()

// programKind tells what a program is for by its name; exact is false when the
// name had to be stripped for it.
func programKind(name string) (kind gate.ProgramKind, exact bool) {
	if kind, ok := kindOf[name]; ok {
		return kind, true
	}
	bare := strings.TrimSuffix(strings.TrimRight(name, "0123456789."), "-")
	if kind, ok := kindOf[bare]; ok && bare != name && versioned(kind) {
		return kind, false
	}
	// A target is machine-system-library or machine-vendor-system.
	if i := strings.LastIndexByte(bare, '-'); i > 0 && strings.Count(bare[:i], "-") >= 2 {
		if kind := kindOf[bare[i+1:]]; kind == gate.ProgramToolchain {
			return kind, false
		}
	}
	return "", false
}
