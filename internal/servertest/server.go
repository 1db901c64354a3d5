package servertest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Server is a server that a test may end and start again, on the port it has had
// from the beginning. Its methods but URL are for the test's own goroutine. The
// end of the test is the end of the server and of its files.
type Server struct {
	t    testing.TB
	name string // as people write it
	url  string
	dir  string // holds the log and what the server writes
	port int

	command func() *exec.Cmd                         // the program on the port, not yet started
	as      *syscall.Credential                      // who runs it; nil: who runs the tests
	answers func(ctx context.Context, pid int) error // nil: the process serves
	orderly syscall.Signal                           // ends it in order
	quick   syscall.Signal                           // ends it at once, without leaving anything in the kernel

	process *os.Process
	ended   chan struct{} // closed when process has ended
}

// URL says where the server is, with its password if it has one. It stays the same.
func (s *Server) URL() string { return s.url }

// Kill ends all processes of the server with SIGKILL, and returns when they have
// ended. It does nothing to a server that is down.
func (s *Server) Kill() {
	if s.up() {
		killTree(s.process)
		<-s.ended
	}
}

// Stop ends the server in order; it closes its connections. It does nothing to a
// server that is down.
func (s *Server) Stop() {
	s.t.Helper()
	if err := s.end(s.orderly); err != nil {
		s.t.Fatal(err)
	}
}

// Start starts the server again, and returns when it serves. It does nothing to
// one that is up.
func (s *Server) Start() {
	s.t.Helper()
	if s.up() {
		return
	}
	if err := s.start(); err != nil {
		s.t.Fatal(err)
	}
}

// up says whether the server's process is there.
func (s *Server) up() bool {
	if s.process == nil {
		return false
	}
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// end sends a signal and waits for the server's end.
func (s *Server) end(signal syscall.Signal) error {
	if !s.up() {
		return nil
	}
	_ = s.process.Signal(signal) // an error means that it has just ended
	select {
	case <-s.ended:
		return nil
	case <-time.After(30 * time.Second):
		killTree(s.process)
		return fmt.Errorf("%s did not end within 30s of %v", s.name, signal)
	}
}

// errEnded marks a server that ended before it served.
var errEnded = errors.New("ended before it served")

// startAnywhere starts the server on a port that is free. Somebody may take the
// port between the look and the start, so it tries more than one.
func (s *Server) startAnywhere() error {
	var err error
	for range 5 {
		if s.port, err = freePort(); err != nil {
			return err
		}
		if err = s.start(); !errors.Is(err, errEnded) {
			return err
		}
	}
	return err
}

// start starts the program and waits until it serves.
func (s *Server) start() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := s.command()
	// Files, no pipes: `go test` waits for all who hold its own output.
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, s.dir
	if err := spawn(cmd, s.quick, s.as); err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	s.process, s.ended = cmd.Process, ended

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := s.answers(ctx, s.process.Pid)
		switch {
		case !s.up():
			return fmt.Errorf("%s %w; the end of its log: %s", s.name, errEnded, tail(log.Name()))
		case err == nil:
			return nil
		case ctx.Err() != nil:
			s.Kill()
			return fmt.Errorf("%s does not serve after a minute: %w; the end of its log: %s", s.name, err, tail(log.Name()))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// tail is the end of a file.
func tail(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// freePort finds a port of loopback that nobody listens on. It is below those
// that Linux gives to outgoing connections: one of these could take the port
// while the server is down, or a client that dials the server then could be
// connected to itself.
func freePort() (int, error) {
	const lowest, highest = 15000, 32000
	for range 100 {
		n, err := rand.Int(rand.Reader, big.NewInt(highest-lowest))
		if err != nil {
			return 0, err
		}
		port := lowest + int(n.Int64())
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("no port of 100 between %d and %d is free", lowest, highest)
}
