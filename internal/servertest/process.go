package servertest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// starter takes functions to run on one thread that lives as long as the process.
// The kernel sends a child its parent-death signal when the thread that started
// it ends, and Go ends threads as it likes.
var starter = sync.OnceValue(func() chan<- func() {
	calls := make(chan func())
	go func() {
		runtime.LockOSThread()
		for call := range calls {
			call()
		}
	}()
	return calls
})

// spawn starts a program that gets the signal death when this process ends. It is
// in a session of its own, so that Ctrl-C ends the tests first.
func spawn(cmd *exec.Cmd, death syscall.Signal, as *syscall.Credential) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: death, Credential: as}
	started := make(chan error)
	starter() <- func() { started <- cmd.Start() }
	return <-started
}

// killTree sends SIGKILL to a process and its children at once: none of them
// learns of another's end, as in a power cut. PostgreSQL's children are in
// sessions of their own, so that the process group does not reach them.
func killTree(process *os.Process) {
	// Stopped, it starts no more children while they are being listed.
	_ = process.Signal(syscall.SIGSTOP)
	eventually(func() bool { return state(process.Pid) != "R" && state(process.Pid) != "S" })
	children := childrenOf(process.Pid)
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = process.Kill()
	// What they hold, such as shared memory, they hold until they have ended.
	for _, pid := range children {
		eventually(func() bool { return !running(pid) })
	}
}

// eventually waits until a condition holds, for ten seconds at most.
func eventually(holds func() bool) bool {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if holds() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// running says whether a process executes still: one that waits to be reaped, by
// an init that may never do so, does not.
func running(pid int) bool {
	s := state(pid)
	return s != "" && s != "Z" && s != "X"
}

// state is a process's state as proc(5) writes it, empty when it is gone.
func state(pid int) string {
	s, _ := stat(pid)
	return s
}

// childrenOf lists the direct children of a process.
func childrenOf(pid int) []int {
	var children []int
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, entry := range entries {
		child, err := strconv.Atoi(filepath.Base(entry))
		if err != nil {
			continue
		}
		if _, parent := stat(child); parent == pid {
			children = append(children, child)
		}
	}
	return children
}

// stat reads a process's state and its parent.
func stat(pid int) (state string, parent int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	// The program's name, in parentheses, may hold anything.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return "", 0
	}
	parent, _ = strconv.Atoi(string(fields[1]))
	return string(fields[0]), parent
}
