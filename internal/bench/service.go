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
)

// service is `imagegate serve` beside the benchmark.
type service struct {
	b   *bench
	cmd *exec.Cmd
	url string
}

func startService(b *bench) (*service, error) {
	s := &service{b: b, cmd: exec.CommandContext(b.ctx, b.gate, "serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(b.dir, "service"), "--db", b.db, "--policy", b.policy)}
	errs, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.address(errs, "listens on "); err != nil {
		return nil, err
	}
	took := time.Since(start)
	b.limit("start of the service", took.Round(time.Millisecond).String(), took < time.Second, "1s")
	return s, nil
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

// rss is the resident memory of the service and its workers in bytes.
func (s *service) rss() (int64, error) {
	total := int64(0)
	statuses, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		return 0, err
	}
	for _, name := range statuses {
		fields := procStatus(name)
		pid := strconv.Itoa(s.cmd.Process.Pid)
		if fields["Pid"] != pid && fields["PPid"] != pid {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(fields["VmRSS"], " kB"), 10, 64)
		if err != nil {
			return 0, err
		}
		total += kib << 10
	}
	return total, nil
}
