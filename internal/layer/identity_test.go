package layer

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

const (
	passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\ntoor:x:0:0::/:/bin/sh\n7777:x:0:0::/:\nbroken\n"
	group  = "root:x:0:\napp:x:1001:\nstaff:x:50:app\n"
)

func TestUserIsWhatARuntimeMakesOfIt(t *testing.T) {
	type want struct {
		uid, gid int
		source   string
	}
	unresolved := want{-1, -1, "unresolved"}
	for _, tt := range []struct {
		user string
		want want
	}{
		{"", want{0, 0, "default"}},
		{"root", want{0, 0, "passwd"}},
		{"0", want{0, 0, "numeric"}},
		{"00", want{0, 0, "numeric"}},
		{"+0", want{0, 0, "numeric"}},
		{"-0", want{0, 0, "numeric"}},
		{"0:0", want{0, 0, "numeric"}},
		{"root:root", want{0, 0, "passwd"}},
		{":1000", want{0, 1000, "numeric"}},
		{":app", want{0, 1001, "numeric"}},
		{"app", want{1000, 1001, "passwd"}},
		{"app:", want{1000, 1001, "passwd"}},
		{"app:staff", want{1000, 50, "passwd"}},
		{"app:0", want{1000, 0, "passwd"}},
		{"1000", want{1000, 1001, "numeric"}},
		{"1000:50", want{1000, 50, "numeric"}},
		{"toor", want{0, 0, "passwd"}},
		{"nosuch", unresolved},
		{"app:nosuch", unresolved},
		{"App", unresolved},
		{" app", unresolved},
		{"65532", want{65532, 0, "numeric"}},
		{"65532:65532", want{65532, 65532, "numeric"}},
		{"2147483647", want{2147483647, 0, "numeric"}},
		{"2147483648", unresolved},
		{"4294967295", unresolved},
		{"4294967296", unresolved},
		{"99999999999999999999", unresolved},
		{"-1", unresolved},
		{"0x0", unresolved},
		{"1e3", unresolved},
		{"app:4294967296", unresolved},
	} {
		t.Run("USER "+tt.user, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{User: tt.user}, []member{file("etc/passwd", passwd), file("etc/group", group)})
			expectUser(t, c.User, tt.want.uid, tt.want.gid, tt.want.source)
			if c.User.Configured != tt.user {
				t.Errorf("configured %q", c.User.Configured)
			}
		})
	}
}

// expectUser compares a user; -1 is an id that must be absent.
func expectUser(t *testing.T, u gate.User, uid, gid int, source string) {
	t.Helper()
	value := func(p *int) int {
		if p == nil {
			return -1
		}
		return *p
	}
	if value(u.UID) != uid || value(u.GID) != gid || u.Source != source || (u.Problem != "") != (source == "unresolved") {
		t.Errorf("uid %d, gid %d, source %s, problem %q; want %d, %d, %s", value(u.UID), value(u.GID), u.Source, u.Problem, uid, gid, source)
	}
}

func TestUserIsReadFromTheFlattenedFiles(t *testing.T) {
	big := strings.Repeat("# a line of a passwd file that is too large to be one\n", 30_000)
	for _, tt := range []struct {
		name     string
		user     string
		layers   [][]member
		uid, gid int
		source   string
	}{
		{"without a passwd file numbers stand for themselves", "65532", [][]member{{}}, 65532, 0, "numeric"},
		{"without a passwd file root is root", "root", [][]member{{}}, 0, 0, "passwd"},
		{"without a passwd file root:root is root", "root:root", [][]member{{}}, 0, 0, "passwd"},
		{"without a passwd file no other name is known", "app", [][]member{{}}, -1, -1, "unresolved"},
		{"without a group file no group name is known", "app:app", [][]member{{file("etc/passwd", passwd)}}, -1, -1, "unresolved"},
		{"an upper passwd file counts", "app", [][]member{{file("etc/passwd", passwd)}, {file("etc/passwd", "app:x:0:0::/:\n")}}, 0, 0, "passwd"},
		{"a deleted passwd file does not count", "app", [][]member{{file("etc/passwd", passwd)}, {whiteout("etc/passwd")}}, -1, -1, "unresolved"},
		{"a number is never a name", "1234", [][]member{{file("etc/passwd", "1234:x:0:0::/:\n")}}, 1234, 0, "numeric"},
		{"an execute bit does not hide the file", "app", [][]member{{fileMode("etc/passwd", "app:x:0:0::/:\n", 0o755)}}, 0, 0, "passwd"},
		{"a passwd file of Nix is a link into its store", "app", [][]member{{file("nix/store/0-fake-nss/etc/passwd", passwd), symlink("etc/passwd", "/nix/store/0-fake-nss/etc/passwd")}}, 1000, 1001, "passwd"},
		{"a passwd file behind a linked directory", "app", [][]member{{file("real/etc/passwd", passwd), symlink("etc", "real/etc")}}, 1000, 1001, "passwd"},
		{"a passwd file in a later layer, through a linked directory", "app", [][]member{{dir("private/etc"), symlink("etc", "private/etc")}, {file("etc/passwd", passwd)}}, 1000, 1001, "passwd"},
		{"a passwd file that is a hard link to one", "app", [][]member{{file("usr/etc/passwd", passwd)}, {hardlink("etc/passwd", "usr/etc/passwd")}}, 1000, 1001, "passwd"},
		{"a passwd file that is a hard link to something not looked at is a gap", "1000", [][]member{{file("var/x", passwd), hardlink("etc/passwd", "var/x")}}, -1, -1, "unresolved"},
		{"a passwd file that is a link to something not looked at is a gap", "1000", [][]member{{file("var/x", passwd), symlink("etc/passwd", "/var/x")}}, -1, -1, "unresolved"},
		{"a passwd file that is a hard link to nothing is a gap", "1000", [][]member{{hardlink("etc/passwd", "gone")}}, -1, -1, "unresolved"},
		{"a passwd file that is a directory is a gap", "1000", [][]member{{dir("etc/passwd")}}, -1, -1, "unresolved"},
		{"a passwd file that is too large is a gap", "1000", [][]member{{file("etc/passwd", big+"1000:x:0:0::/:\n")}}, -1, -1, "unresolved"},
		{"a passwd file with a line too long for any runtime is a gap", "app", [][]member{{file("etc/passwd", strings.Repeat("x", 70_000)+"\n"+passwd)}}, -1, -1, "unresolved"},
		{"an empty passwd file knows nobody", "app", [][]member{{file("etc/passwd", "")}}, -1, -1, "unresolved"},
		{"an empty passwd file leaves numbers as they are", "1000", [][]member{{file("etc/passwd", "")}}, 1000, 0, "numeric"},
		{"a dangling passwd link is no file", "1000", [][]member{{symlink("etc/passwd", "nowhere")}}, 1000, 0, "numeric"},
		{"of two entries with one name the last counts", "app", [][]member{{file("etc/passwd", passwd), file("etc/passwd", "app:x:0:0::/:\n")}}, 0, 0, "passwd"},
		{"of two entries with one name the last counts, also when it is empty", "app", [][]member{{file("etc/passwd", passwd), file("etc/passwd", "")}}, -1, -1, "unresolved"},
		{"of two entries with one name the last counts, also when it is too large", "1000", [][]member{{file("etc/passwd", passwd), file("etc/passwd", big)}}, -1, -1, "unresolved"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{User: tt.user}, tt.layers...)
			expectUser(t, c.User, tt.uid, tt.gid, tt.source)
		})
	}
}

func TestOSRelease(t *testing.T) {
	release := "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n# a comment\nID=debian\n\nVERSION_ID='12'\nNO VALUE\n"
	debian := gate.OSRelease{ID: "debian", VersionID: "12", PrettyName: "Debian GNU/Linux 12 (bookworm)"}
	for _, tt := range []struct {
		name   string
		layers [][]member
		want   *gate.OSRelease
	}{
		{"none", [][]member{{}}, nil},
		{"in /etc", [][]member{{file("etc/os-release", release)}}, &debian},
		{"in /usr/lib", [][]member{{file("usr/lib/os-release", release)}}, &debian},
		{"a link from /etc to /usr/lib", [][]member{{file("usr/lib/os-release", release), symlink("etc/os-release", "../usr/lib/os-release")}}, &debian},
		{"/etc before /usr/lib", [][]member{{file("usr/lib/os-release", "ID=alpine"), file("etc/os-release", release)}}, &debian},
		{"an upper one counts", [][]member{{file("etc/os-release", "ID=alpine")}, {file("etc/os-release", release)}}, &debian},
		{"escapes are undone", [][]member{{file("etc/os-release", `PRETTY_NAME="a \"b\" \\ \$c"`)}}, &gate.OSRelease{PrettyName: `a "b" \ $c`}},
		{"control characters are made visible", [][]member{{file("etc/os-release", "ID=a\x1b[2Jb")}}, &gate.OSRelease{ID: "a\uFFFD[2Jb"}},
		{"garbage says nothing", [][]member{{file("etc/os-release", "\x00\x01\xff")}}, &gate.OSRelease{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, tt.layers...)
			switch {
			case (c.OSRelease == nil) != (tt.want == nil):
				t.Errorf("got %v", c.OSRelease)
			case tt.want != nil && *c.OSRelease != *tt.want:
				t.Errorf("got %+v", *c.OSRelease)
			}
		})
	}
}

func FuzzPasswd(f *testing.F) {
	f.Add("app:0", []byte(passwd), []byte(group))
	f.Add("+0", []byte("a:b:c:d"), []byte(":::"))
	f.Fuzz(func(t *testing.T, configured string, passwd, group []byte) {
		if len(passwd) == 0 || len(group) == 0 {
			return // entries of no bytes are not captured
		}
		v := Flatten([]*Facts{{
			Captured: map[string][]byte{"/etc/passwd": passwd, "/etc/group": group},
			Entries:  []Entry{{Path: "/etc/passwd", Size: int64(len(passwd))}, {Path: "/etc/group", Size: int64(len(group))}},
		}})
		u := resolveUser(v, configured)
		if (u.UID == nil) != (u.Source == "unresolved") || (u.UID == nil) != (u.GID == nil) || (u.UID == nil) == (u.Problem == "") {
			t.Errorf("%q is %+v", configured, u)
		}
		if u.UID != nil && (*u.UID < 0 || *u.GID < 0) && !strings.Contains(string(passwd)+string(group), "-") {
			t.Errorf("%q is uid %d, gid %d", configured, *u.UID, *u.GID)
		}
	})
}

func FuzzOSRelease(f *testing.F) {
	f.Add([]byte("ID=debian\nVERSION_ID=\"12\"\n"))
	f.Add([]byte("ID=\"\nVERSION_ID='"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := parseOSRelease(data)
		for _, s := range []string{r.ID, r.VersionID, r.PrettyName} {
			if len(s) > 1000 || strings.ContainsAny(s, "\x00\x1b\n") {
				t.Errorf("%q is not fit to print", s)
			}
		}
	})
}
