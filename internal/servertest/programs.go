package servertest

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// debianPostgreSQL is where Debian keeps the server's programs, by version and
// off the PATH.
const debianPostgreSQL = "/usr/lib/postgresql/*/bin"

// postgreSQLPrograms is the directory of initdb and postgres, empty when there is
// none. They are looked for together, since one of another version is of no use.
func postgreSQLPrograms() string {
	return holding(append(filepath.SplitList(os.Getenv("PATH")), newest(debianPostgreSQL)...), "initdb", "postgres")
}

// redisPrograms is the directory of redis-server, empty when there is none.
func redisPrograms() string {
	return holding(filepath.SplitList(os.Getenv("PATH")), "redis-server")
}

// holding is the first of dirs that holds all the programs.
func holding(dirs []string, programs ...string) string {
	for _, dir := range dirs {
		lacks := func(program string) bool {
			info, err := os.Stat(filepath.Join(dir, program))
			return err != nil || info.IsDir() || info.Mode().Perm()&0o111 == 0
		}
		if filepath.IsAbs(dir) && !slices.ContainsFunc(programs, lacks) {
			return dir
		}
	}
	return ""
}

// newest lists the directories VERSION/bin of a pattern, the highest version
// first: 15 comes before 9.6, which their names' order has the other way round.
func newest(pattern string) []string {
	dirs, _ := filepath.Glob(pattern) // the only error is a malformed pattern
	version := func(dir string) float64 {
		number, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64)
		return number
	}
	slices.SortFunc(dirs, func(a, b string) int {
		if va, vb := version(a), version(b); va != vb {
			return int(vb*100 - va*100)
		}
		return strings.Compare(a, b)
	})
	return dirs
}

// absent ends a test whose server is not installed.
func absent(t testing.TB, server string) {
	t.Helper()
	sentence := server + " is not installed: scripts/services.sh installs it"
	if os.Getenv("IMAGEGATE_TEST_SERVERS") == "required" {
		t.Fatal(sentence)
	}
	t.Skip(sentence)
}
