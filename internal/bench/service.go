package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/imagegate/imagegate/internal/bench/fixture"
)

// service is `imagegate serve` beside the benchmark.
type service struct {
	b   *bench
	cmd *exec.Cmd
	url string
}

func startService(b *bench) (*service, error) {
	start := time.Now()
	s, err := b.serve("service")
	if err != nil {
		return nil, err
	}
	took := time.Since(start)
	b.limit("start of the service", took.Round(time.Millisecond).String(), took < time.Second, "1s")
	return s, nil
}

// serve starts the service on a data directory of its own.
func (b *bench) serve(data string, more ...string) (*service, error) {
	s := &service{b: b, cmd: exec.CommandContext(b.ctx, b.gate, append([]string{"serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(b.dir, data), "--db", b.db, "--policy", b.policy}, more...)...)}
	errs, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	return s, s.address(errs, "listens on ")
}

// address reads the service's words until it says where it listens, and hands
// on what follows.
func (s *service) address(errs io.Reader, after string) error {
	lines := bufio.NewReader(errs)
	said := ""
	for s.url == "" {
		line, err := lines.ReadString('\n')
		said += line
		if err != nil {
			return fmt.Errorf("the service ended: %s", said)
		}
		if _, url, ok := strings.Cut(line, after); ok {
			s.url = strings.TrimSpace(url)
		}
	}
	go func() { _, _ = io.Copy(os.Stderr, lines) }() // ends with the service
	return nil
}

func (s *service) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// ask waits for the verdict of an image.
func (s *service) ask(image string) (time.Duration, error) {
	start := time.Now()
	err := post(s.b.ctx, s.url, image)
	return time.Since(start), err
}

// rss is the resident memory of the service and its workers in bytes. Pages of
// the program's file count for each of them.
func (s *service) rss() (int64, error) {
	total := int64(0)
	all, err := s.processes()
	if err != nil {
		return 0, err
	}
	for _, fields := range all {
		size, err := fixture.Bytes(fields, "VmRSS")
		if err != nil {
			return 0, err
		}
		total += size
	}
	return total, nil
}

// most is the high water of the memory of the service and its workers in bytes.
// Pages of files, the program's and the vulnerability database's, are the same
// in all of them, and count once.
func (s *service) most() (int64, error) {
	own, shared := int64(0), int64(0)
	all, err := s.processes()
	if err != nil {
		return 0, err
	}
	for _, fields := range all {
		size, err := fixture.Bytes(fields, "VmHWM")
		if err != nil {
			return 0, err
		}
		files, err := fixture.Bytes(fields, "RssFile")
		if err != nil {
			return 0, err
		}
		own, shared = own+size-files, max(shared, files)
	}
	return own + shared, nil
}

// processes are the status files (proc(5)) of the service and its workers.
func (s *service) processes() ([]map[string]string, error) {
	names, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		return nil, err
	}
	var out []map[string]string
	pid := strconv.Itoa(s.cmd.Process.Pid)
	for _, name := range names {
		if fields := fixture.Status(name); fields["Pid"] == pid || fields["PPid"] == pid {
			out = append(out, fields)
		}
	}
	return out, nil
}
