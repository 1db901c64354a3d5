//go:build goexperiment.jsonv2

package corpus

import "testing"

// accounts is the plain image with a passwd and group of its own.
func accounts(lines, groups string) specimen {
	return plain(layer{file("etc/passwd", 0o644, passwd+lines), file("etc/group", 0o644, group+groups)})
}

const (
	appLine  = "app:x:1000:1000::/home/app:/sbin/nologin\n"
	appGroup = "app:x:1000:\n"
)

// TestUserIsWhatTheRuntimeMakesOfIt has the spellings of moby's resolver: it
// reads numbers as Go does, takes a number for a uid whatever passwd names, and
// takes the first line of passwd that has a name.
func TestUserIsWhatTheRuntimeMakesOfIt(t *testing.T) {
	others := func(fires ...string) []string { // the checks of USER that must stay silent
		var silent []string
		for _, id := range []string{"USER-01", "USER-02", "USER-03", "USER-04", "USER-05", "USER-06", "USER-08"} {
			silent = append(silent, id)
			for _, f := range fires {
				if f == id {
					silent = silent[:len(silent)-1]
				}
			}
		}
		return silent
	}
	with := accounts(appLine, appGroup)
	run(t, []trap{
		{name: "no USER is root, implicitly", image: with.user(""), fires: []string{"USER-01"}, silent: others("USER-01")},
		{name: "root is root", image: with.user("root"), fires: []string{"USER-02"}, silent: others("USER-02")},
		{name: "0 is root", image: with.user("0"), fires: []string{"USER-02"}, silent: others("USER-02")},
		{name: "00 is root, which a comparison with 0 misses", image: with.user("00"), fires: []string{"USER-02"}, silent: others("USER-02")},
		{name: "+0 is root", image: with.user("+0"), fires: []string{"USER-02"}, silent: others("USER-02")},
		{name: "-0 is root", image: with.user("-0"), fires: []string{"USER-02"}, silent: others("USER-02")},
		{name: "0:0 is root", image: with.user("0:0"), fires: []string{"USER-02"}, silent: others("USER-02")},
		{name: "a group alone leaves the uid at 0", image: with.user(":1000"), fires: []string{"USER-02"}, silent: others("USER-02")},
		{name: "root with another group is root", image: with.user("root:app"), fires: []string{"USER-02"}, silent: others("USER-02")},
		{name: "a name cannot be verified by the kubelet", image: with.user("app"), fires: []string{"USER-03 MEDIUM"}, silent: others("USER-03")},
		{name: "another name for uid 0 is root",
			image: accounts("toor:x:0:0::/root:/sbin/nologin\n", "").user("toor"), fires: []string{"USER-03", "USER-05 CRITICAL", "FS-07"}, silent: others("USER-03", "USER-05")},
		{name: "of two lines for one name the first counts, and it is root's",
			image: accounts("app:x:0:0::/:\n"+appLine, "").user("app"), fires: []string{"USER-03", "USER-05", "FS-07"}, silent: others("USER-03", "USER-05")},
		{name: "of two lines for one name the first counts, and it is not root's",
			image: accounts(appLine+"app:x:0:0::/:\n", "").user("app"), fires: []string{"USER-03", "FS-07"}, silent: others("USER-03")},
		{name: "a user is in a group as good as root", image: accounts(appLine, appGroup+"docker:x:999:app\n").user("app"), fires: []string{"USER-09 MEDIUM", "USER-03"}, silent: others("USER-03")},
		{name: "a name that is nowhere does not start", image: with.user("nosuch"), fires: []string{"USER-03", "USER-04", "USER-05 unknown"}, silent: []string{"USER-01", "USER-02", "USER-08"}},
		{name: "a name with a blank behind it is another name", image: with.user("app "), fires: []string{"USER-04", "USER-05 unknown"}, silent: []string{"USER-01", "USER-02", "USER-08"}},
		{name: "0x0 is a name and no number", image: with.user("0x0"), fires: []string{"USER-03", "USER-04", "USER-05 unknown"}, silent: []string{"USER-02", "USER-08"}},
		{name: "a group that is nowhere does not start", image: with.user("65532:nosuch"), fires: []string{"USER-04"}, silent: []string{"USER-01", "USER-02", "USER-03", "USER-08"}},
		{name: "a number with a line in passwd takes its group from there", image: with.user("65532"), silent: others()},
		{name: "a number without a line in passwd is in root's group", image: with.user("2000"), fires: []string{"USER-06 LOW"}, silent: others("USER-06")},
		{name: "a number with its group is complete", image: with.user("65532:65532"), silent: others()},
		{name: "distroless' user by name and group is still a name", image: with.user("nonroot:nonroot"), fires: []string{"USER-03"}, silent: others("USER-03")},
		{name: "a number that does not fit into 32 bits does not start",
			image: with.user("4294967296"), fires: []string{"USER-08", "USER-04"}, silent: []string{"USER-01", "USER-02", "USER-03"}},
		{name: "a negative number does not start", image: with.user("-1"), fires: []string{"USER-08", "USER-04"}, silent: []string{"USER-01", "USER-02", "USER-03"}},
		{name: "an account named 1500 with uid 0 is not who USER 1500 is",
			image: accounts("1500:x:0:0::/:\n", "").user("1500"), fires: []string{"USER-06", "FS-07"}, silent: others("USER-06")},
	})
}

func TestUserIsResolvedInTheFlattenedPasswd(t *testing.T) {
	toor := "toor:x:0:0::/root:/sbin/nologin\n"
	run(t, []trap{
		{name: "passwd is a link to the file that has the accounts",
			image: plain(layer{file("usr/share/etc/passwd", 0o644, passwd+toor), gone("etc/passwd")}, layer{symlink("etc/passwd", "../usr/share/etc/passwd")}).user("toor"),
			fires: []string{"USER-05", "FS-07"}, silent: []string{"USER-04"}},
		{name: "passwd is an absolute link", image: plain(layer{file("usr/share/etc/passwd", 0o644, passwd+appLine), gone("etc/passwd")}, layer{symlink("etc/passwd", "/usr/share/etc/passwd")}).user("app"),
			fires: []string{"USER-03"}, silent: []string{"USER-04", "USER-05"}},
		{name: "the directory of passwd is a link",
			image: image(layer{symlink("etc", "usr/etc"), file("usr/etc/passwd", 0o644, passwd+toor)}, layer{program("app")}).user("toor"),
			fires: []string{"USER-05", "FS-07", "SCAN-01"}, silent: []string{"USER-04"}},
		{name: "only the lowest layer has passwd", image: plain(layer{file("etc/motd", 0o644, "hello\n")}).user("nonroot"), fires: []string{"USER-03"}, silent: []string{"USER-04", "USER-05"}},
		{name: "a later layer deletes passwd", image: plain(layer{gone("etc/passwd")}).user("nonroot"), fires: []string{"USER-03", "USER-04", "USER-05 unknown"}},
		{name: "a later layer empties etc", image: plain(layer{emptied("etc"), file("etc/os-release", 0o644, wolfi)}).user("nonroot"), fires: []string{"USER-04", "USER-05 unknown"}},
		{name: "a later passwd takes the name to uid 0", image: plain(layer{file("etc/passwd", 0o644, "root:x:0:0::/:\nnonroot:x:0:0::/:\n")}).user("nonroot"), fires: []string{"USER-05", "FS-07"}, silent: []string{"USER-04"}},
		{name: "a later layer writes passwd through a link of a lower one", image: plain(layer{symlink("usr/etc", "../etc")}, layer{file("usr/etc/passwd", 0o644, passwd+toor)}).user("toor"),
			fires: []string{"USER-05", "FS-07"}, silent: []string{"USER-04"}},
		{name: "a later layer writes passwd under a name by which nobody would look for it", image: plain(layer{symlink("settings", "etc")}, layer{file("settings/passwd", 0o644, passwd+toor)}).user("toor"),
			fires: []string{"USER-04", "USER-05 unknown", "FS-07 unknown"}},
		{name: "a later layer deletes passwd through a link of a lower one", image: plain(layer{symlink("settings", "etc")}, layer{gone("settings/passwd")}).user("nonroot"), fires: []string{"USER-04", "USER-05 unknown"}},
		{name: "a later layer puts a directory where the link to the accounts was",
			image: image(layer{file(installed, 0o644, apk(fixedOpenSSL)), symlink("etc", "usr/etc"), file("usr/etc/passwd", 0o644, passwd), file("usr/etc/os-release", 0o644, wolfi)}, layer{program("app"), dir("etc", 0o755), file("etc/passwd", 0o644, passwd+toor), file("etc/os-release", 0o644, wolfi)}).user("toor"),
			fires: []string{"USER-05", "FS-07"}, silent: []string{"USER-04"}},
		{name: "passwd is a hard link", image: plain(layer{file("usr/share/etc/passwd", 0o644, passwd+toor)}, layer{hardlink("etc/passwd", "usr/share/etc/passwd")}).user("toor"),
			fires: []string{"USER-05", "FS-07"}, silent: []string{"USER-04"}},
		{name: "passwd is a link to itself", image: plain(layer{symlink("etc/passwd", "passwd")}).user("nonroot"), fires: []string{"USER-04", "USER-05 unknown"}},
		{name: "no passwd at all is no matter to a number", image: plain(layer{gone("etc/passwd"), gone("etc/group")}).user("65532:65532"), silent: []string{"USER-01", "USER-02", "USER-03", "USER-04", "USER-06"}},
	})
}
