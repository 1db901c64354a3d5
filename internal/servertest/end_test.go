package servertest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestNothingOutlivesTheTestBinary runs this test binary as a child that has
// servers, ends it, and looks for what is left.
func TestNothingOutlivesTheTestBinary(t *testing.T) {
	t.Parallel()
	if postgreSQLPrograms() == "" {
		absent(t, "PostgreSQL")
	}
	for name, end := range map[string]func(child *os.Process, input io.Closer){
		"its tests passed": func(_ *os.Process, input io.Closer) { _ = input.Close() },
		"killed":           func(child *os.Process, _ io.Closer) { _ = child.Kill() },
		"interrupted":      func(child *os.Process, _ io.Closer) { _ = child.Signal(os.Interrupt) },
		"timed out":        func(child *os.Process, _ io.Closer) { _ = child.Signal(syscall.SIGQUIT) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			child := exec.Command(os.Args[0], "-test.run=^TestChild$")
			child.Env = append(os.Environ(), "SERVERTEST_CHILD=1")
			input, err := child.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			output, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(output).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			var shared, own int
			var dir string
			if _, err := fmt.Sscan(line, &shared, &own, &dir); err != nil {
				t.Fatalf("the child says %q: %v", line, err)
			}
			all := []int{shared, own}
			for _, server := range all {
				all = append(all, childrenOf(server)...)
			}
			if len(all) < 6 {
				t.Fatalf("PostgreSQL's processes are %v, expected two servers with children", all)
			}
			end(child.Process, input)
			_ = child.Wait()
			for _, pid := range all {
				if !eventually(func() bool { return !running(pid) }) {
					t.Errorf("process %d is there after the test binary's end", pid)
				}
			}
			if !eventually(func() bool { _, err := os.Stat(dir); return os.IsNotExist(err) }) {
				t.Errorf("%s is there after the test binary's end", dir)
			}
		})
	}
}

// TestChild is the child, and nothing in a run of its own.
func TestChild(t *testing.T) {
	if os.Getenv("SERVERTEST_CHILD") == "" {
		return
	}
	PostgreSQL(t)
	shared, err := sharedPostgreSQL()
	if err != nil {
		t.Fatal(err)
	}
	own := NewPostgreSQL(t)
	fmt.Println(shared.process.Pid, own.process.Pid, filepath.Dir(own.dir))
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes it
}

func TestATestsOwnServerEndsWithTheTest(t *testing.T) {
	t.Parallel()
	var servers []*Server
	t.Run("servers", func(t *testing.T) {
		servers = []*Server{NewPostgreSQL(t), NewPostgreSQL(t), Redis(t)}
		servers[1].Kill() // what it leaves in the kernel goes too
	})
	for _, s := range servers {
		if s.up() {
			t.Errorf("%s is there after its test", s.name)
		}
		if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
			t.Errorf("%s of %s is there after its test", s.dir, s.name)
		}
	}
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	if postgreSQLPrograms() == "" {
		absent(t, "PostgreSQL")
	}
	_, err := newPostgreSQL("work_mem=lots")
	if err == nil || !strings.Contains(err.Error(), "work_mem") {
		t.Errorf("the error is %v, expected it to name the setting", err)
	}
}
