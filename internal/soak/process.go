package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/imagegate/imagegate/internal/bench/fixture"
)

// process is a program on a fixed port that is killed and started again. Its
// data stays where it is, and its output is appended to one file.
type process struct {
	name string
	port int
	args []string // with the program
	env  []string
	user *syscall.Credential // nil: this process's
	log  string
	// ready says whether it does its work, once its port takes connections; nil:
	// it does then.
	ready func() error

	mu  sync.Mutex // guards cmd and ended
	cmd *exec.Cmd
	// ended is closed when cmd was waited for.
	ended chan struct{}
}

// start begins the program and waits until it does its work.
func (p *process) start() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	fmt.Fprintf(log, "--- %s starts %s\n", time.Now().Format(time.TimeOnly), p.name)
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Env, cmd.Dir = append(os.Environ(), p.env...), filepath.Dir(p.log)
	cmd.Stdout, cmd.Stderr = log, log
	// A group of its own: an interrupt from the terminal is for the soak test,
	// which then stops what it started.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.user, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // ends with the program
	p.mu.Lock()
	p.cmd, p.ended = cmd, ended
	p.mu.Unlock()
	err = errors.New("its port takes no connection")
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			return fmt.Errorf("%s ended while it started: see %s", p.name, p.log)
		default:
		}
		if err = p.answers(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s did not start within a minute: %w: see %s", p.name, err, p.log)
}

func (p *process) answers() error {
	c, err := net.DialTimeout("tcp", p.address(), time.Second)
	if err != nil {
		return err
	}
	_ = c.Close()
	if p.ready == nil {
		return nil
	}
	return p.ready()
}

func (p *process) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// signal sends one to the program itself; its children live on.
func (p *process) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	select {
	case <-p.ended:
		return fmt.Errorf("%s had ended by itself: see %s", p.name, p.log)
	default:
	}
	return p.cmd.Process.Signal(s)
}

// wait returns when the program is gone.
func (p *process) wait(limit time.Duration) error {
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	if ended == nil {
		return nil
	}
	select {
	case <-ended:
		return nil
	case <-time.After(limit):
		return fmt.Errorf("%s did not end within %s: see %s", p.name, limit, p.log)
	}
}

// kill ends the program as a crash does.
func (p *process) kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	return p.wait(10 * time.Second)
}

// killAll ends the program and everything it started, which may be in groups
// of their own, as PostgreSQL's are.
func (p *process) killAll() error {
	under := children(p.pid())
	err := p.kill()
	for _, pid := range under {
		_ = syscall.Kill(pid, syscall.SIGKILL) // most have seen the end of their parent
	}
	for _, pid := range under {
		for range 500 {
			if syscall.Kill(pid, 0) != nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return err
}

// stop ends the program as an operator does.
func (p *process) stop(limit time.Duration) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.wait(limit)
}

// children are the processes that one started itself, by what /proc says.
func children(of int) []int {
	statuses, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil || of == 0 {
		return nil
	}
	var out []int
	for _, name := range statuses {
		if fixture.Status(name)["PPid"] != strconv.Itoa(of) {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(name, "/")[2]); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

// freePorts are n ports of loopback that nobody listens on.
func freePorts(n int) ([]int, error) {
	var out []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }() // all at the end, so that they differ
		out = append(out, l.Addr().(*net.TCPAddr).Port)
	}
	return out, nil
}
