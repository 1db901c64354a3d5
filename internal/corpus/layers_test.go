//go:build goexperiment.jsonv2

package corpus

import (
	"archive/tar"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func noCommand(c *v1.ConfigFile) { c.Config.Entrypoint, c.Config.Cmd = nil, nil }

func TestProgramsAreFoundByAnyWayThatLeadsToThem(t *testing.T) {
	run(t, []trap{
		{name: "a shell is a hard link to a program of another name", image: plain(layer{program("usr/lib/multicall"), hardlink("bin/sh", "usr/lib/multicall")}), fires: []string{"MIN-01"}},
		{name: "a shell is a hard link to a file of a lower layer", image: plain(layer{program("usr/lib/multicall")}, layer{hardlink("bin/ash", "usr/lib/multicall")}), fires: []string{"MIN-01"}},
		{name: "a shell is a hard link to a symbolic link", image: plain(layer{program("usr/lib/multicall"), symlink("bin/tool", "/usr/lib/multicall"), hardlink("bin/sh", "bin/tool")}), fires: []string{"MIN-01"}},
		{name: "a later layer writes a shell through the link of a merged /usr of a lower one, and deletes the link's target by the other name",
			image: plain(layer{symlink("bin", "usr/bin"), program("usr/bin/dash")}, layer{program("bin/bash"), gone("bin/dash")}), fires: []string{"MIN-01"}},
		{name: "a later layer deletes the shell through the link of a merged /usr", image: plain(layer{symlink("bin", "usr/bin"), program("usr/bin/dash")}, layer{gone("bin/dash")}), silent: []string{"MIN-01"}},
		{name: "a shell is reached through the link of a merged /usr", image: plain(layer{symlink("bin", "usr/bin"), program("usr/bin/dash"), symlink("usr/bin/sh", "dash")}), fires: []string{"MIN-01"}},
		{name: "a shell is a link of links", image: plain(layer{program("opt/tool/run"), symlink("opt/current", "tool"), symlink("bin/sh", "/opt/current/run")}), fires: []string{"MIN-01"}},
		{name: "a later layer deletes the shell", image: plain(layer{program("bin/bash")}, layer{gone("bin/bash")}), silent: []string{"MIN-01"}},
		{name: "a later layer deletes what the shell is a link to", image: plain(layer{program("bin/busybox"), symlink("bin/sh", "busybox")}, layer{gone("bin/busybox")}), silent: []string{"MIN-01"}},
		{name: "a later layer deletes one of two hard links", image: plain(layer{program("bin/busybox"), hardlink("bin/sh", "bin/busybox")}, layer{gone("bin/busybox")}), fires: []string{"MIN-01"}},
		{name: "a later layer empties the directory of the shell", image: plain(layer{program("bin/sh"), program("bin/apk")}, layer{emptied("bin")}), silent: []string{"MIN-01", "MIN-02"}},
		{name: "an opaque directory keeps what its own layer brings", image: plain(layer{program("bin/apk")}, layer{program("bin/sh"), emptied("bin")}), fires: []string{"MIN-01"}, silent: []string{"MIN-02"}},
		{name: "a shell that nobody may execute is a file", image: plain(layer{file("bin/sh", 0o644, elf(2, amd64, ""))}), silent: []string{"MIN-01"}},
		{name: "a link to a shell that is not there is no shell", image: plain(layer{symlink("bin/sh", "dash")}), silent: []string{"MIN-01"}},
		{name: "a package manager's records without the program are good", image: plain(), silent: []string{"MIN-02", "SCAN-01", "SCAN-02"}},
		{name: "a package manager is there", image: plain(layer{program("sbin/apk")}), fires: []string{"MIN-02 MEDIUM"}},
	})
}

func TestPermissionsOfTheFlattenedImage(t *testing.T) {
	const setuid, setgid = 0o4755, 0o2755
	helper := file("usr/bin/helper", setuid, elf(2, amd64, ""))
	run(t, []trap{
		{name: "a setuid file", image: plain(layer{helper}), fires: []string{"FS-01 MEDIUM"}},
		{name: "a setgid file", image: plain(layer{file("usr/bin/helper", setgid, elf(2, amd64, ""))}), fires: []string{"FS-01 MEDIUM"}},
		{name: "a setgid directory is how mail is kept", image: plain(layer{dir("var/mail", 0o2775), dir("var/local", 0o2755)}), silent: []string{"FS-01"}},
		{name: "a later layer deletes the setuid file", image: plain(layer{helper}, layer{gone("usr/bin/helper")}), silent: []string{"FS-01"}},
		{name: "a later layer takes the bit away", image: plain(layer{helper}, layer{program("usr/bin/helper")}), silent: []string{"FS-01"}},
		{name: "a later layer hides the directory", image: plain(layer{helper}, layer{gone("usr/bin")}), silent: []string{"FS-01"}},
		{name: "a hard link brings a deleted setuid file back", image: plain(layer{helper, hardlink("srv/kept", "usr/bin/helper")}, layer{gone("usr/bin/helper")}), fires: []string{"FS-01"}},
		{name: "a capability for raw sockets, which no mode shows", image: plain(layer{capable("usr/bin/ping", 13, 2)}), fires: []string{"FS-02 MEDIUM"}, silent: []string{"FS-01"}},
		{name: "a capability as good as root", image: plain(layer{capable("usr/bin/mounter", 21, 2)}), fires: []string{"FS-02 HIGH"}},
		{name: "a capability that was set in a user namespace", image: plain(layer{capable("usr/bin/mounter", 21, 3)}), fires: []string{"FS-02 HIGH"}},
		{name: "a later layer copies the file without its attribute", image: plain(layer{capable("usr/bin/ping", 13, 2)}, layer{program("usr/bin/ping")}), silent: []string{"FS-02"}},
		{name: "a directory that everyone may write", image: plain(layer{dir("app-data", 0o777)}), fires: []string{"FS-03"}},
		{name: "/tmp has the sticky bit, and links have no mode", image: plain(layer{dir("tmp", 0o1777), symlink("current", "app")}), silent: []string{"FS-03"}},
		{name: "the process may change its own program", image: plain(layer{owned(program("srv/server"), 65532)}).entrypoint("/srv/server"), fires: []string{"FS-04 MEDIUM"}},
		{name: "a block device", image: plain(layer{device("dev/sda", tar.TypeBlock, 8, 0)}), fires: []string{"FS-05"}},
		{name: "a character device 0:0, a whiteout that an exporter forgot to translate", image: plain(layer{device("etc/removed", tar.TypeChar, 0, 0)}), fires: []string{"FS-05"}},
		{name: "a device that a later layer deletes still reaches who unpacks the layers", image: plain(layer{device("srv/disk", tar.TypeBlock, 8, 0)}, layer{gone("srv/disk")}), fires: []string{"FS-05"}},
	})
}

func TestArchivesThatToolsUnpackDifferently(t *testing.T) {
	run(t, []trap{
		{name: "a name climbs out of the root", image: plain(layer{file("../../srv/escaped", 0o644, "x\n")}), fires: []string{"FS-06"}},
		{name: "a name climbs within the root", image: plain(layer{file("srv/../srv/odd", 0o644, "x\n")}), fires: []string{"FS-06"}},
		{name: "a hard link to a file outside", image: plain(layer{hardlink("srv/host", "../../../etc/hostname")}), fires: []string{"FS-06"}},
		{name: "a hard link to a file that is nowhere", image: plain(layer{hardlink("srv/nothing", "srv/nowhere")}), fires: []string{"FS-06"}},
		{name: "a file is written through a link of the same layer", image: plain(layer{symlink("srv/out", "/etc"), file("srv/out/motd", 0o644, "x\n")}), fires: []string{"FS-06"}},
		{name: "one path comes twice with different content", image: plain(layer{file("srv/run", 0o644, "harmless\n"), file("srv/run", 0o644, "harmful!\n")}), fires: []string{"FS-06"}},
		{name: "names begin with ./ and with /", image: plain(layer{dir("./srv", 0o755), file("./srv/a", 0o644, "a\n"), file("/srv/b", 0o644, "b\n")}), silent: []string{"FS-06"}},
		{name: "a directory comes twice", image: plain(layer{dir("srv", 0o755), dir("srv", 0o755)}), silent: []string{"FS-06"}},
		{name: "a symbolic link points out of the root, where runtimes keep it in", image: plain(layer{symlink("srv/up", "../../../../etc/motd")}), silent: []string{"FS-06"}},
	})
}

func TestWhatTheScannerCannotSeeIsNotClean(t *testing.T) {
	osRelease := func(text string) layer { return layer{file("etc/os-release", 0o644, text)} }
	// Vulnerable to Wolfi, and fixed by its number to Debian.
	vulnerable := func(above layer) specimen { return image(base("openssl 3.1.0-r0"), layer{program("app")}, above) }
	sbom := `{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"components":[{"type":"library","bom-ref":"a","name":"left-pad","version":"1.3.0","purl":"pkg:npm/left-pad@1.3.0"}]}`
	lying := `{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"components":[{"type":"library","bom-ref":"a","name":"json-schema","version":"0.4.0","purl":"pkg:npm/json-schema@0.4.0",
"properties":[{"name":"aquasecurity:trivy:PkgType","value":"node-pkg"},{"name":"aquasecurity:trivy:FilePath","value":"srv/node_modules/json-schema/package.json"}]}]}`
	libssl := elf(3, amd64, "") + strings.Repeat("libssl ", 200)
	run(t, []trap{
		{name: "a later layer deletes the package database", image: plain(layer{gone(installed)}), fires: []string{"SCAN-01", "SCAN-02"}},
		{name: "a later layer hides the directory of the package database", image: plain(layer{emptied("lib/apk")}), fires: []string{"SCAN-01", "SCAN-02"}},
		{name: "a later layer empties the package database, and the scanner still has the packages of the lower one",
			image: vulnerable(layer{file(installed, 0o644, "")}), fires: []string{"SCAN-02", "VULN-SEVERITY"}},
		{name: "a later layer puts a link where the package database was", image: vulnerable(layer{symlink(installed, "/dev/null")}), fires: []string{"SCAN-02", "VULN-SEVERITY"}},
		{name: "a later layer removes a package, as package managers do", image: vulnerable(layer{file(installed, 0o644, apk("glibc 2.40-r3 usr/lib/libc.so.6", "wolfi-baselayout 20230201-r15"))}),
			silent: []string{"SCAN-01", "SCAN-02", "VULN-SEVERITY"}},
		{name: "a later layer deletes os-release, and the scanner still has the distribution of the lower one", image: vulnerable(layer{gone("etc/os-release")}), fires: []string{"SCAN-02", "VULN-SEVERITY"}},
		{name: "a later layer rewrites os-release as a distribution nobody has advisories for",
			image: vulnerable(osRelease("ID=madeup\nVERSION_ID=1\nNAME=\"A distribution of one image\"\nPRETTY_NAME=Madeup\n")), fires: []string{"VULN-SEVERITY"}},
		{name: "a later layer rewrites os-release as another distribution, by whose advisories nothing is wrong",
			image: image(debian("12.8", "libc6 2.36-9+deb12u9", "curl 7.88.1-10"), layer{program("app")}, osRelease(wolfi)), fires: []string{"SCAN-01"}},
		{name: "one layer has the name of a distribution and the packages of another",
			image: image(append(debian("12.8", "libc6 2.36-9+deb12u9", "curl 7.88.1-10").without("etc/os-release"), file("etc/os-release", 0o644, wolfi)), layer{program("app")}), fires: []string{"SCAN-01"}},
		{name: "the package database is a symbolic link, which the scanner does not follow",
			image: image(append(base().without(installed), file("opt/records", 0o644, apk("openssl 3.1.0-r0")), symlink(installed, "/opt/records")), layer{program("app")}), fires: []string{"SCAN-01"}},
		{name: "the package database is a hard link, which the scanner does not follow",
			image: image(append(base().without(installed), file("opt/records", 0o644, apk("openssl 3.1.0-r0")), hardlink(installed, "opt/records")), layer{program("app")}), fires: []string{"SCAN-01"}},
		{name: "a later layer rewrites Wolfi's os-release as Debian's, and the scanner still has Wolfi's advisories",
			image: vulnerable(layer{file("etc/os-release", 0o644, "ID=debian\nVERSION_ID=\"12\"\nNAME=\"Debian GNU/Linux\"\n"), file("etc/debian_version", 0o644, "12.8\n")}), fires: []string{"VULN-SEVERITY"}},
		{name: "a point release rewrites os-release", image: plain(osRelease("ID=wolfi\nNAME=\"Wolfi\"\nPRETTY_NAME=\"Wolfi\"\nVERSION_ID=\"20230202\"\n")), silent: []string{"SCAN-01", "SCAN-02"}},
		{name: "only a file of the image says what packages there are", image: plain(layer{file("opt/app/app.cdx.json", 0o644, sbom)}), fires: []string{"SCAN-03 MEDIUM"}},
		{name: "a file of the image says that a vulnerable package is another version, and names its file",
			image: plain(layer{file("srv/node_modules/json-schema/package.json", 0o644, `{"name": "json-schema", "version": "0.2.3"}`), file("srv/app.cdx.json", 0o644, lying)}), fires: []string{"SCAN-03", "VULN-CVSS"}},
		{name: "a stripped program alone, of which nothing is known", image: image(layer{program("app")}), fires: []string{"SCAN-01"}, silent: []string{"SCAN-04"}},
		{name: "a Go program tells its modules", image: image(layer{file("app", 0o755, trivyTestdata(t, "pkg/dependency/parser/golang/binary/testdata/test.elf"))}), silent: []string{"SCAN-01", "SCAN-04"}},
		{name: "an in-image list of packages is no cover for a stripped program", image: image(layer{program("app"), file("app.cdx.json", 0o644, sbom)}), fires: []string{"SCAN-03"}},
		{name: "a library was copied from elsewhere, which no package owns", image: plain(layer{file("usr/local/lib/libssl.so.1.1", 0o755, libssl)}), fires: []string{"SCAN-04 LOW"}},
		{name: "the same library, owned by a package of its layer", image: plain(layer{file("usr/lib/libssl.so.3", 0o755, libssl),
			file(installed, 0o644, apk("glibc 2.40-r3 usr/lib/libc.so.6", "wolfi-baselayout 20230201-r15", "libssl3 3.3.2-r0 usr/lib/libssl.so.3"))}), silent: []string{"SCAN-04"}},
		{name: "distroless' lists of files own what they name", image: image(debian("forky/sid", "libc6 2.42-1 usr/lib/x86_64-linux-gnu/libc.so.6"), layer{program("app")}), silent: []string{"SCAN-01", "SCAN-04"}},
		{name: "records without lists of files, as distroless once had them, say of no file who owns it", image: image(debian("forky/sid", "libc6 2.42-1"), layer{program("app")}), fires: []string{"SCAN-04 unknown"}},
		{name: "a program was packed, so that nobody can tell what it is", image: plain(layer{file("app", 0o755, elf(2, amd64, "")+"UPX!"+strings.Repeat("\x00", 64))}), fires: []string{"SCAN-04 MEDIUM"}},
		{name: "programs and libraries were copied without the package database", image: image(base().without(installed), layer{program("app")}), fires: []string{"SCAN-01"}},
		{name: "the package database was copied without os-release", image: image(base().without("etc/os-release"), layer{program("app")}), fires: []string{"SCAN-01"}},
		{name: "an image of files only has nothing to recognise", image: image(layer{file("srv/index.html", 0o644, "<p>hello</p>\n")}).set(noCommand), silent: []string{"SCAN-01", "SCAN-02", "SCAN-04"}},
	})
}

func TestTheProgramThatStarts(t *testing.T) {
	loader := "/lib64/ld-linux-x86-64.so.2"
	script := func(first string) specimen {
		return plain(layer{file("run", 0o755, first+"\nexit 0\n")}).entrypoint("/run")
	}
	run(t, []trap{
		{name: "it is not there", image: plain().entrypoint("/nowhere"), fires: []string{"FS-14"}},
		{name: "a later layer deletes it", image: plain(layer{gone("app")}), fires: []string{"FS-14"}},
		{name: "it was built for another machine", image: plain(layer{file("app", 0o755, elf(2, arm64, ""))}), fires: []string{"FS-14"}},
		{name: "its loader is not in the image", image: plain(layer{file("app", 0o755, elf(2, amd64, loader))}), fires: []string{"FS-14"}},
		{name: "its loader is there, through the links of a merged /usr",
			image: plain(layer{file("app", 0o755, elf(2, amd64, loader)), symlink("lib64", "usr/lib64"), symlink("usr/lib64", "lib"), library("usr/lib/ld-linux-x86-64.so.2")}), silent: []string{"FS-14"}},
		{name: "a script's interpreter is not in the image", image: script("#!/bin/bash"), fires: []string{"FS-14"}},
		{name: "env would find no interpreter", image: plain(layer{file("run", 0o755, "#!/usr/bin/env node\n"), program("usr/bin/env")}).entrypoint("/run"), fires: []string{"FS-14"}},
		{name: "a script of Windows asks for an interpreter with a line end in its name", image: plain(layer{file("run", 0o755, "#!/bin/bash\r\nexit 0\r\n"), program("bin/bash")}).entrypoint("/run"), fires: []string{"FS-14"}},
		{name: "a script's interpreter is there", image: plain(layer{file("run", 0o755, "#!/bin/bash\n"), program("bin/bash")}).entrypoint("/run"), silent: []string{"FS-14"}},
		{name: "the user may not execute it", image: plain(layer{file("app", 0o700, elf(2, amd64, ""))}), fires: []string{"FS-14"}},
		{name: "it is at the end of links that lead to each other", image: plain(layer{symlink("one", "two"), symlink("two", "one")}).entrypoint("/one/app"), fires: []string{"FS-14"}},
		{name: "it is a shell with a script, and there is no shell", image: plain().entrypoint("/bin/sh", "-c", "exec /app"), fires: []string{"CONF-09 HIGH", "FS-14"}},
		{name: "there are no layers at all", image: image(), fires: []string{"FS-14"}, silent: []string{"SCAN-01", "SCAN-05", "META-06"}},
		{name: "it is found along PATH", image: plain(layer{program("opt/tool/server")}).entrypoint("server").env("PATH=/usr/bin:/opt/tool"), silent: []string{"FS-14"}},
		{name: "it is found from the working directory", image: plain(layer{program("srv/server")}).entrypoint("./server").set(func(c *v1.ConfigFile) { c.Config.WorkingDir = "/srv" }), silent: []string{"FS-14"}},
	})
}
