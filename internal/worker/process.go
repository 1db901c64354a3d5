package worker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// process is one running worker.
type process struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
	stderr   *tail
	temp     string
	database gate.Database
	// generation is that of the layer analyses it makes and can read.
	generation string
}

// start runs a worker and waits for its hello.
func (p *Pool) start(ctx context.Context) (*process, error) {
	if err := os.MkdirAll(p.TempParent, 0o700); err != nil {
		return nil, gate.NewError(gate.CodeUnavailable, "the worker's temporary directory "+p.TempParent+" cannot be made", err)
	}
	temp, err := os.MkdirTemp(p.TempParent, "worker-")
	if err != nil {
		return nil, gate.NewError(gate.CodeUnavailable, "the worker's temporary directory below "+p.TempParent+" cannot be made: is the disk full?", err)
	}
	cmd := exec.Command(p.Executable, p.Args(temp)...) //nolint:gosec // the program is this one
	// A clean environment: nothing of the parent's, which may hold the
	// key's password and registry credentials.
	cmd.Env = append([]string{"TMPDIR=" + temp, "HOME=" + temp, fmt.Sprintf("GOMEMLIMIT=%d", p.MemoryLimit)}, p.Env...)
	cmd.Dir = temp
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	w := &process{cmd: cmd, stderr: &tail{}, temp: temp}
	cmd.Stderr = w.stderr
	stdin, err := cmd.StdinPipe()
	if err == nil {
		var stdout io.ReadCloser
		if stdout, err = cmd.StdoutPipe(); err == nil {
			w.in, w.out = stdin, bufio.NewReaderSize(stdout, 256<<10)
			err = cmd.Start()
		}
	}
	if err != nil {
		_ = os.RemoveAll(temp)
		return nil, gate.NewError(gate.CodeUnavailable, "a worker process cannot be started", err)
	}
	if err := limitMemory(cmd.Process.Pid, p.MemoryLimit); err != nil {
		p.Logger.Warn("worker runs without a hard memory limit", "error", err)
	}
	if err := w.hello(ctx); err != nil {
		w.stop()
		return nil, err
	}
	return w, nil
}

// hello waits for the worker's first words.
func (w *process) hello(ctx context.Context) error {
	stop := context.AfterFunc(ctx, w.kill)
	defer stop()
	k, payload, err := readFrame(w.out)
	if err != nil || k != kindHello {
		return w.died(ctx, err)
	}
	var h hello
	if err := json.Unmarshal(payload, &h); err != nil {
		return w.died(ctx, err)
	}
	if h.Failure != nil {
		return h.Failure.error()
	}
	if !validGeneration.MatchString(h.Generation) {
		return w.died(ctx, fmt.Errorf("it named the generation %.20q", h.Generation))
	}
	w.database, w.generation = h.Database, h.Generation
	return nil
}

// died is the error of a worker that went away; its last words are for the
// operator.
func (w *process) died(ctx context.Context, cause error) error {
	if ctx.Err() != nil {
		return gate.NewError(gate.CodeUnavailable, "the analysis was stopped before it ended", ctx.Err())
	}
	return &diedError{cause: fmt.Errorf("%w: %s", orEOF(cause), w.stderr.String())}
}

func orEOF(err error) error {
	if err == nil {
		return errors.New("unexpected message")
	}
	return err
}

// diedError tells a lost worker from an analysis that went wrong: only the
// former is tried again by itself.
type diedError struct{ cause error }

func (e *diedError) Error() string { return "worker process ended: " + e.cause.Error() }
func (e *diedError) Unwrap() error { return e.cause }

func (w *process) kill() { _ = syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL) }

// stopGrace is how long a worker has to leave by itself.
const stopGrace = 2 * time.Second

// stop ends the worker, reaps it and empties its temporary directory.
func (w *process) stop() {
	_ = w.in.Close()
	timer := time.AfterFunc(stopGrace, w.kill)
	_, _ = io.Copy(io.Discard, w.out)
	_ = w.cmd.Wait()
	timer.Stop()
	_ = os.RemoveAll(w.temp)
}

// tail keeps the last bytes a worker wrote to stderr, for the log.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailSize = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if n := len(t.buf); n > tailSize {
		t.buf = bytes.Clone(t.buf[n-tailSize:])
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.buf))
}
