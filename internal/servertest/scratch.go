package servertest

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// temporary is read before any test can point TMPDIR at a directory that goes
// away earlier than the servers do.
var temporary = os.TempDir()

// scratch is the directory of all servers of this test binary.
type scratch struct {
	dir string
	// lifeline is the end of a pipe that closes when this process ends, whatever
	// ends it. It is kept here lest the garbage collector close it.
	lifeline *os.File
}

// sweep waits until its input ends and removes the directory. Servers that are
// just ending may still write to it, so once may not be enough.
const sweep = `read -r line; tries=0
while [ -e "$1" ] && [ $tries -lt 100 ]; do rm -rf "$1"; tries=$((tries + 1)); sleep 0.1; done`

// makeScratch makes the directory and starts the shell that removes it. No
// TestMain could do so after a SIGKILL, and every package would have to have one.
var makeScratch = sync.OnceValues(func() (*scratch, error) {
	dir, err := os.MkdirTemp(temporary, "imagegate-servers-")
	if err != nil {
		return nil, err
	}
	// A server that runs as another user passes through, and lists nothing.
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, err
	}
	input, lifeline, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = input.Close() }()
	cmd := exec.Command("/bin/sh", "-c", sweep, "sh", dir)
	cmd.Stdin = input
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C is not for it
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = cmd.Wait() }()
	return &scratch{dir: dir, lifeline: lifeline}, nil
})

// directory makes a new directory for one server.
func directory(server string) (string, error) {
	all, err := makeScratch()
	if err != nil {
		return "", fmt.Errorf("make a directory for %s: %w", server, err)
	}
	return os.MkdirTemp(all.dir, server+"-")
}
