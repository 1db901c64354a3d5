package servertest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Redis starts a Redis server for the test alone. It keeps everything in memory:
// started again it is empty. URL() is redis://127.0.0.1:PORT/0.
func Redis(t testing.TB) *Server {
	t.Helper()
	return RedisWithPassword(t, "")
}

// RedisWithPassword is Redis with a server that asks its clients for a password.
// URL() is redis://:PASSWORD@127.0.0.1:PORT/0.
func RedisWithPassword(t testing.TB, password string) *Server {
	t.Helper()
	programs := redisPrograms()
	if programs == "" {
		absent(t, "Redis")
	}
	dir, err := directory("redis")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, name: "Redis", dir: dir, orderly: syscall.SIGTERM, quick: syscall.SIGKILL}
	s.command = func() *exec.Cmd {
		return exec.Command(filepath.Join(programs, "redis-server"), "--bind", "127.0.0.1", "--port", strconv.Itoa(s.port),
			"--dir", dir, "--save", "", "--appendonly", "no", "--requirepass", password)
	}
	s.answers = func(ctx context.Context, pid int) error { return redisAnswers(ctx, s.port, password, pid) }
	t.Cleanup(func() {
		_ = s.end(s.quick)
		_ = os.RemoveAll(dir)
	})
	if err := s.startAnywhere(); err != nil {
		t.Fatal(err)
	}
	address := url.URL{Scheme: "redis", Host: fmt.Sprintf("127.0.0.1:%d", s.port), Path: "/0"}
	if password != "" {
		address.User = url.UserPassword("", password)
	}
	s.url = address.String()
	return s
}

// redisAnswers asks the Redis on a port which process it is: another server on
// the same port answers a PING as well.
func redisAnswers(ctx context.Context, port int, password string, pid int) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if password != "" {
		fmt.Fprintf(conn, "*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n", len(password), password)
	}
	fmt.Fprint(conn, "INFO server\r\nQUIT\r\n")
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if id, found := strings.CutPrefix(lines.Text(), "process_id:"); found {
			if id != strconv.Itoa(pid) {
				return fmt.Errorf("process %s is on the port of process %d", id, pid)
			}
			return nil
		}
		if strings.HasPrefix(lines.Text(), "-") {
			return fmt.Errorf("redis answers %s", lines.Text())
		}
	}
	return fmt.Errorf("redis does not say which process it is: %w", lines.Err())
}
