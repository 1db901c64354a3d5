package layer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

const (
	sha512Hash = "$6$saltsalt$yJ8GdhcAz3WTEnC2hSvmhDDDXTBTMGHbDqRFE8GY1DX8m0a1aLqUuEr1hH0mB0WQ2o2H0uYvQ8XkF3Y5lKcGN1"
	desHash    = "ab1CdEfGhIjKl"
)

func TestPasswordsAreKnownByKind(t *testing.T) {
	line := func(name, field string) string { return name + ":" + field + ":0:0::/:/bin/sh\n" }
	for _, tt := range []struct {
		name   string
		passwd string
		shadow string // "-" when there is no such file
		want   gate.PasswordKind
	}{
		{"an empty shadow field lets everyone in", "x", "root::19000::::::", gate.PasswordNone},
		{"an empty passwd field lets everyone in, whatever shadow says", "", "root:*:19000::::::", gate.PasswordNone},
		{"a hash in shadow", "x", "root:" + sha512Hash + ":19000:0:99999:7:::", gate.PasswordHash},
		{"a hash in passwd", sha512Hash, "root:*:::::::", gate.PasswordHash},
		{"a hash of DES", desHash, "-", gate.PasswordHash},
		{"a hash of BSDi", "_J9..rasmBYk8r9AiWNc", "-", gate.PasswordHash},
		{"yescrypt", "x", "root:$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7:::::::", gate.PasswordHash},
		{"an asterisk locks", "x", "root:*:19000:0:99999:7:::", gate.PasswordLocked},
		{"an exclamation mark locks", "x", "root:!:19000::::::", gate.PasswordLocked},
		{"two lock as well", "x", "root:!!:19000::::::", gate.PasswordLocked},
		{"a hash behind an exclamation mark is locked", "x", "root:!" + sha512Hash + ":19000::::::", gate.PasswordLocked},
		{"a word that no hash can be is locked", "x", "root:NP:::::::", gate.PasswordLocked},
		{"x in shadow is locked", "x", "root:x:::::::", gate.PasswordLocked},
		{"an asterisk in passwd locks", "*", "root::::::::", gate.PasswordLocked},
		{"no line in shadow lets nobody in", "x", "daemon:*:19000::::::", gate.PasswordAbsent},
		{"no shadow file lets nobody in", "x", "-", gate.PasswordAbsent},
		{"the first line of a name counts", "x", "root:*:::::::\nroot::::::::", gate.PasswordLocked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			members := []member{file("etc/passwd", line("root", tt.passwd))}
			if tt.shadow != "-" {
				members = append(members, fileMode("etc/shadow", tt.shadow+"\n", 0o640))
			}
			_, c := imageOf(t, gate.Config{}, members)
			if c.Accounts == nil || len(c.Accounts.Users) != 1 || c.Accounts.Users[0].Password != tt.want || c.Accounts.Problem != "" {
				t.Errorf("accounts %+v, want %s", c.Accounts, tt.want)
			}
		})
	}
}

func TestHashesAreNeverKept(t *testing.T) {
	f := factsOf(t,
		file("etc/shadow", "root:"+sha512Hash+":19000::::::\nlocked:!"+sha512Hash+":1::::::\n"+sha512Hash+":x:\n"+sha512Hash+"\nodd:x:"+sha512Hash+"\ndes:"+desHash+":::::::"),
		file("etc/passwd", "root:"+sha512Hash+":0:0:"+sha512Hash+":/:/bin/sh\n"+sha512Hash+":x:0:0\nlong:"+sha512Hash+strings.Repeat("x", 70_000)+":0:0\n"),
		file("etc/group", "wheel:"+sha512Hash+":10:root,"+sha512Hash+"\n"),
		file("nix/store/0-shadow/etc/shadow", "root:"+sha512Hash+":::::::\n"),
	)
	kept, err := f.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{sha512Hash[12:], "saltsalt", desHash} {
		if strings.Contains(string(kept), secret) {
			t.Errorf("%q is kept", secret)
		}
	}
	if len(f.Captured) != 4 || !strings.Contains(string(f.Captured["/etc/shadow"]), "root:$\nlocked:!\n") {
		t.Errorf("captured %q", f.Captured)
	}
}

func TestUsersResolveAsBeforeWithoutTheirHashes(t *testing.T) {
	members := []member{file("etc/passwd", "root:"+sha512Hash+":0:0:root:/root:/bin/sh\napp:"+sha512Hash+":1000:1001::/:/bin/sh\n"), file("etc/group", "app:"+sha512Hash+":1001:\nstaff::50:app\n")}
	for user, gid := range map[string]int{"app": 1001, "app:staff": 50} {
		_, c := imageOf(t, gate.Config{User: user}, members)
		expectUser(t, c.User, 1000, gid, "passwd")
	}
}

func TestAccountsAreThoseOfTheFlattenedFiles(t *testing.T) {
	_, c := imageOf(t, gate.Config{},
		[]member{file("etc/passwd", passwd), file("etc/group", group), file("etc/shadow", "root:*:::::::\n")},
		[]member{file("etc/shadow", "root::::::::\n")},
		[]member{file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\r\n\n# a comment\n+@netgroup::::::\napp:x:1000:1000\nlast:!:4294967294:5::/:/usr/sbin/nologin")},
	)
	var got []string
	for _, u := range c.Accounts.Users {
		got = append(got, fmt.Sprintf("%s %d %d %s %s %d", u.Name, u.UID, u.GID, u.Shell, u.Password, u.Layer))
	}
	for _, g := range c.Accounts.Groups {
		got = append(got, fmt.Sprintf("%s %d %v", g.Name, g.GID, g.Members))
	}
	expect(t, got, []string{
		"root 0 0 /bin/bash none 1", "app 1000 1000  absent 2", "last 4294967294 5 /usr/sbin/nologin locked 2",
		"root 0 []", "app 1001 []", "staff 50 [app]",
	})
	if c.Accounts.Problem != "" {
		t.Errorf("problem %q", c.Accounts.Problem)
	}
}

func TestAnImageWithoutAccountsHasNone(t *testing.T) {
	if _, c := imageOf(t, gate.Config{}, []member{program("app")}); c.Accounts != nil {
		t.Errorf("accounts %+v", c.Accounts)
	}
}

func TestHostileAccountFilesAreAProblem(t *testing.T) {
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i, i)
		}
		return b.String()
	}
	members := "g:x:1:" + strings.Repeat("m,", maxMemberships) + "m\n"
	for _, tt := range []struct {
		name    string
		layer   []member
		problem string
		users   int
		groups  int
	}{
		{"a line with too few fields", []member{file("etc/passwd", "toor:x:0\nroot:x:0:0::/:\n")}, "a line that is no account", 1, 0},
		{"a line with too many fields", []member{file("etc/passwd", "root:x:0:0::/:/bin/sh:more\n")}, "a line that is no account", 1, 0},
		{"a uid that is no number is not 0", []member{file("etc/passwd", "root:x:zero:0::/:\n")}, "a line that is no account", 0, 0},
		{"a uid beyond the kernel's", []member{file("etc/passwd", "root:x:4294967296:0::/:\n")}, "a line that is no account", 0, 0},
		{"a NUL byte", []member{file("etc/passwd", "ro\x00ot:x:0:0::/:\napp:x:1:1::/:\n")}, "a NUL byte", 1, 0},
		{"a line of 70 KB", []member{file("etc/passwd", "root:x:0:0:"+strings.Repeat("x", 70_000)+":/:\napp:x:1:1::/:\n")}, "longer than any runtime reads", 1, 0},
		{"a file of 10 MB", []member{file("etc/passwd", strings.Repeat("x", 10<<20))}, "not a small regular file", 0, 0},
		{"a shadow file of 10 MB", []member{file("etc/passwd", "root:x:0:0::/:\n"), file("etc/shadow", strings.Repeat("x", 10<<20))}, "/etc/shadow is not a small regular file", 1, 0},
		{"a directory", []member{dir("etc/group")}, "/etc/group is not a small regular file", 0, 0},
		{"thousands of accounts", []member{file("etc/passwd", many("u%d:x:%d:0::/:\n", maxAccounts+1))}, "more than 2000 accounts", maxAccounts, 0},
		{"thousands of groups", []member{file("etc/group", many("g%d:x:%d:\n", maxAccounts+1))}, "more than 2000 groups", 0, maxAccounts},
		{"thousands of members", []member{file("etc/group", members)}, "more than 5000 memberships", 0, 1},
		{"a group without a number", []member{file("etc/group", "docker:x:\n")}, "a line that is no group", 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, tt.layer)
			a := c.Accounts
			if !strings.Contains(a.Problem, tt.problem) || len(a.Users) != tt.users || len(a.Groups) != tt.groups {
				t.Errorf("problem %q, %d users, %d groups", a.Problem, len(a.Users), len(a.Groups))
			}
			for _, g := range a.Groups {
				if len(g.Members) > maxMemberships {
					t.Errorf("%d members", len(g.Members))
				}
			}
		})
	}
}

// FuzzAccounts reads any passwd, group and shadow files: no hash comes through,
// and what comes is bounded and fit to print.
func FuzzAccounts(f *testing.F) {
	f.Add([]byte(passwd), []byte(group), []byte("root:"+sha512Hash+":::::::\n"))
	f.Add([]byte("root:"+desHash+":0:0"), []byte("a:b:c:d"), []byte(":::\n::"))
	f.Fuzz(func(t *testing.T, passwd, group, shadow []byte) {
		facts := &Facts{Captured: map[string][]byte{}}
		for base, b := range map[string][]byte{"passwd": passwd, "group": group, "shadow": shadow} {
			kept := withoutPasswords(base, b)
			if len(kept) > len(b)+2*strings.Count(string(b), "\n")+2 {
				t.Errorf("%s grew from %d to %d bytes", base, len(b), len(kept))
			}
			for line := range strings.SplitSeq(string(kept), "\n") {
				if fields := strings.Split(line, ":"); len(fields) > 1 && len(line) < 1<<16 && fields[1] != "" && fields[1] != "x" && fields[1] != "!" && fields[1] != hashMark {
					t.Errorf("%s keeps %q", base, fields[1])
				}
			}
			facts.Captured["/etc/"+base] = kept
			facts.Entries = append(facts.Entries, Entry{Path: "/etc/" + base, Size: 1})
		}
		g := &gatherer{view: Flatten([]*Facts{facts})}
		a := g.accounts()
		if len(a.Users) > maxAccounts || len(a.Groups) > maxAccounts {
			t.Errorf("%d users, %d groups", len(a.Users), len(a.Groups))
		}
		for _, u := range a.Users {
			if len(u.Name) > maxAccountName+10 || strings.ContainsAny(u.Name+u.Shell, "\x00\x1b\n") || u.UID < 0 || u.Password == "" {
				t.Errorf("user %+v", u)
			}
		}
	})
}
