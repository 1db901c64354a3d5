package layer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func owned(m member, uid, gid int) member {
	m.Uid, m.Gid = uid, gid
	return m
}

func TestTheCommandIsFoundAsTheRuntimeFindsIt(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config gate.Config
		layers [][]member
		want   string // path, layer and whether it runs
	}{
		{"an absolute path", gate.Config{Entrypoint: []string{"/app"}}, [][]member{{program("app")}}, "/app 0 runs"},
		{"CMD alone", gate.Config{Cmd: []string{"/app"}}, [][]member{{program("app")}}, "/app 0 runs"},
		{"ENTRYPOINT before CMD", gate.Config{Entrypoint: []string{"/app"}, Cmd: []string{"/other"}}, [][]member{{program("app"), program("other")}}, "/app 0 runs"},
		{"a path below the working directory", gate.Config{Cmd: []string{"./bin/app"}, WorkingDir: "/srv"}, [][]member{{program("srv/bin/app")}}, "/srv/bin/app 0 runs"},
		{"a path with .. from the working directory", gate.Config{Cmd: []string{"../app"}, WorkingDir: "/srv/x"}, [][]member{{dir("srv/x"), program("srv/app")}}, "/srv/app 0 runs"},
		{"a path without a working directory is below the root", gate.Config{Cmd: []string{"bin/app"}}, [][]member{{program("bin/app")}}, "/bin/app 0 runs"},
		{"a name along the default PATH", gate.Config{Cmd: []string{"app"}}, [][]member{{program("bin/app"), program("usr/local/bin/app")}}, "/usr/local/bin/app 0 runs"},
		{"a name along the image's PATH, of which the last counts", gate.Config{Cmd: []string{"app"}, Env: []string{"PATH=/usr/bin", "PATH=/opt/bin:/bin"}}, [][]member{{program("usr/bin/app"), program("opt/bin/app")}}, "/opt/bin/app 0 runs"},
		{"a name in the working directory is not found", gate.Config{Cmd: []string{"app"}, WorkingDir: "/srv"}, [][]member{{program("srv/app")}}, "none"},
		{"a relative directory of PATH is not looked into", gate.Config{Cmd: []string{"app"}, Env: []string{"PATH=.:bin:"}}, [][]member{{program("bin/app"), program("app")}}, "none"},
		{"through merged /usr", gate.Config{Cmd: []string{"/bin/sh"}}, [][]member{{symlink("bin", "usr/bin"), program("usr/bin/dash"), symlink("usr/bin/sh", "dash")}}, "/usr/bin/dash 0 runs shell"},
		{"a program of a later layer", gate.Config{Cmd: []string{"/app"}}, [][]member{{program("app")}, {program("app")}}, "/app 1 runs"},
		{"a program that a later layer deleted", gate.Config{Cmd: []string{"/app"}}, [][]member{{program("app")}, {whiteout("app")}}, "none"},
		{"a directory of that name is passed over", gate.Config{Cmd: []string{"app"}}, [][]member{{dir("usr/bin/app"), program("bin/app")}}, "/bin/app 0 runs"},
		{"a file without an execute bit is passed over", gate.Config{Cmd: []string{"app"}}, [][]member{{file("usr/bin/app", "x"), program("bin/app")}}, "/bin/app 0 runs"},
		{"a file without an execute bit is the answer where there is no other", gate.Config{Cmd: []string{"app"}}, [][]member{{file("usr/bin/app", "x")}}, "/usr/bin/app 0 fails"},
		{"a directory", gate.Config{Cmd: []string{"/app"}}, [][]member{{dir("app")}}, "none"},
		{"a loop of links", gate.Config{Cmd: []string{"/a"}}, [][]member{{symlink("a", "b"), symlink("b", "a")}}, "none"},
		{"an empty name", gate.Config{Cmd: []string{""}}, [][]member{{program("app")}}, "none"},
		{"root needs an execute bit of anybody", gate.Config{Cmd: []string{"/app"}}, [][]member{{fileMode("app", "x", 0o001)}}, "/app 0 runs"},
		{"the owner's bit is the owner's", gate.Config{Cmd: []string{"/app"}, User: "1000"}, [][]member{{owned(fileMode("app", "x", 0o700), 1000, 0)}}, "/app 0 runs"},
		{"what others may, its owner may not without the bit", gate.Config{Cmd: []string{"/app"}, User: "1000"}, [][]member{{owned(fileMode("app", "x", 0o655), 1000, 0)}}, "/app 0 fails"},
		{"the group's bit", gate.Config{Cmd: []string{"/app"}, User: "1000:50"}, [][]member{{owned(fileMode("app", "x", 0o750), 0, 50)}}, "/app 0 runs"},
		{"the bit of a group that the group file adds", gate.Config{Cmd: []string{"/app"}, User: "app"}, [][]member{{owned(fileMode("app", "x", 0o750), 0, 50), file("etc/passwd", passwd), file("etc/group", group)}}, "/app 0 runs"},
		{"another's program", gate.Config{Cmd: []string{"/app"}, User: "1000"}, [][]member{{fileMode("app", "x", 0o744)}}, "/app 0 fails"},
		{"a program in a directory that is closed to the user", gate.Config{Cmd: []string{"/root/app"}, User: "1000"}, [][]member{{dirMode("root", 0o700), program("root/app")}}, "/root/app 0 fails"},
		{"a user that is not known", gate.Config{Cmd: []string{"/app"}, User: "nobody"}, [][]member{{program("app")}}, "/app 0 perhaps"},
		{"a file that nobody may execute, not even a user that is not known", gate.Config{Cmd: []string{"/app"}, User: "nobody"}, [][]member{{file("app", "x")}}, "/app 0 fails"},
		{"a shell by its name", gate.Config{Cmd: []string{"/bin/sh", "-c", "x"}}, [][]member{{program("bin/busybox"), symlink("bin/sh", "busybox")}}, "/bin/busybox 0 runs shell"},
		{"busybox by the name of a server is no shell", gate.Config{Cmd: []string{"httpd"}}, [][]member{{program("bin/busybox"), symlink("bin/httpd", "busybox")}}, "/bin/busybox 0 runs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, image := imageOf(t, tt.config, tt.layers...)
			c := image.Command
			got := "none"
			if c.Path != "" {
				runs := "perhaps"
				if c.Runnable != nil {
					runs = map[bool]string{true: "runs", false: "fails"}[*c.Runnable]
				}
				got = fmt.Sprintf("%s %d %s", c.Path, c.Layer, runs)
				if c.Shell {
					got += " shell"
				}
			}
			if got != tt.want || c.Argument != append(tt.config.Entrypoint, tt.config.Cmd...)[0] {
				t.Errorf("got %q of %q, want %q", got, c.Argument, tt.want)
			}
		})
	}
}

func TestAnImageThatStartsNothingHasNoCommand(t *testing.T) {
	if _, c := imageOf(t, gate.Config{}, []member{program("app")}); c.Command != nil {
		t.Errorf("command %+v", c.Command)
	}
}

func TestWhatRunsTheCommandIsLookedFor(t *testing.T) {
	dynamic := fileMode("app", elf(elfOptions{interp: "/lib/ld.so"}), 0o755)
	script := func(line string) member { return fileMode("app", line+"\n", 0o755) }
	for _, tt := range []struct {
		name  string
		layer []member
		want  string
	}{
		{"a dynamic program and its loader", []member{dynamic, program("lib/ld.so")}, "elf amd64 /lib/ld.so"},
		{"a loader that is not there", []member{dynamic}, "elf amd64 /lib/ld.so missing"},
		{"a loader that nobody may execute", []member{dynamic, file("lib/ld.so", "x")}, "elf amd64 /lib/ld.so missing"},
		{"a loader through merged /usr", []member{dynamic, symlink("lib", "usr/lib"), program("usr/lib/ld.so")}, "elf amd64 /lib/ld.so"},
		{"a static program", []member{fileMode("app", elf(elfOptions{machine: 183}), 0o755)}, "elf arm64"},
		{"a script and its interpreter", []member{script("#!/bin/sh"), program("bin/sh")}, "script  /bin/sh"},
		{"an interpreter that is not there", []member{script("#!/bin/bash"), program("bin/sh")}, "script  /bin/bash missing"},
		{"an interpreter with a carriage return", []member{script("#!/bin/sh\r"), program("bin/sh")}, "script  /bin/sh\uFFFD missing"},
		{"env and what it looks for", []member{script("#!/usr/bin/env node"), program("usr/bin/env"), program("usr/local/bin/node")}, "script  /usr/bin/env node"},
		{"env without what it looks for", []member{script("#!/usr/bin/env node"), program("usr/bin/env")}, "script  /usr/bin/env node missing"},
		{"a script through an env that is not there", []member{script("#!/usr/bin/env node"), program("usr/local/bin/node")}, "script  /usr/bin/env node missing"},
		{"no interpreter at all", []member{script("#! ")}, "script missing"},
		{"neither program nor script", []member{script("echo hello")}, "other"},
		{"a program through a hard link", []member{fileMode("x", elf(elfOptions{machine: 183}), 0o755), hardlink("app", "x")}, "elf arm64"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, image := imageOf(t, gate.Config{Cmd: []string{"/app"}}, []member{program("other")}, tt.layer)
			c := image.Command
			got := strings.TrimSpace(c.Format + " " + c.Machine + " " + c.Interpreter)
			if c.InterpreterMissing {
				got += " missing"
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWhatTheUserMayChangeOfItsProgram(t *testing.T) {
	layer := []member{
		owned(dirMode("app", 0o755), 1000, 1000), owned(fileMode("app/run", "#!/bin/sh\n", 0o555), 1000, 1000), dirMode("opt/bin", 0o777),
		owned(dirMode("grp/bin", 0o775), 0, 50), dir("usr/bin"), symlink("bin", "usr/bin"), owned(dirMode("mine/bin", 0o555), 1000, 0),
		file("etc/passwd", passwd), file("etc/group", group),
	}
	env := []string{"PATH=/bin:/usr/bin:/opt/bin:/app:/grp/bin:/none:relative:/mine/bin"}
	for user, want := range map[string][]string{
		"app":  {"/app/run", "/app", "/opt/bin", "/grp/bin", "/mine/bin"},
		"1001": {"/opt/bin"},
		"0":    nil,
		"none": nil,
	} {
		t.Run("USER "+user, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{Cmd: []string{"/app/run"}, User: user, Env: env}, layer)
			expect(t, paths(c.Command.Writable), want)
		})
	}
}

func TestAHostileCommandIsBounded(t *testing.T) {
	path := "PATH=" + strings.Repeat("/d:", 10_000)
	_, c := imageOf(t, gate.Config{Cmd: []string{strings.Repeat("x", 1<<20)}, Env: []string{path}, WorkingDir: strings.Repeat("/..", 1000)}, []member{dirMode("d", 0o777)})
	if len(c.Command.Argument) > maxArgument+10 || c.Command.Path != "" {
		t.Errorf("an argument of %d bytes, path %q", len(c.Command.Argument), c.Command.Path)
	}
	if dirs, whole := searchPath([]string{path}); len(dirs) != maxPathDirs || whole {
		t.Errorf("%d directories", len(dirs))
	}
	expect(t, c.Truncated, []string{"command"})
}
