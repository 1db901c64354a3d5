package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/imagegate/imagegate/internal/demo"
	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/sign"
)

// held is a registry whose layers can be held back, so that evaluations can be
// caught in the middle.
type held struct {
	host    string
	hold    atomic.Bool
	waiting atomic.Int64
	release chan struct{}
	configs map[string]bool
}

func newHeld(t *testing.T, images int) (*held, []string) {
	t.Helper()
	h := &held{release: make(chan struct{}), configs: map[string]bool{}}
	inner := registry.New(registry.WithReferrersSupport(true), registry.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, digest, blob := strings.Cut(r.URL.Path, "/blobs/")
		if blob && r.Method == http.MethodGet && h.hold.Load() && !h.configs[digest] {
			h.waiting.Add(1)
			select {
			case <-h.release:
			case <-r.Context().Done():
			}
			h.waiting.Add(-1)
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.host = strings.TrimPrefix(server.URL, "http://")
	var references []string
	for i := range images {
		img, err := random.Image(1024, 1)
		if err != nil {
			t.Fatal(err)
		}
		config, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		config = config.DeepCopy()
		config.OS, config.Architecture, config.Config = "linux", "amd64", v1.Config{User: "65532:65532", Entrypoint: []string{"/app"}}
		if img, err = mutate.ConfigFile(img, config); err != nil {
			t.Fatal(err)
		}
		digest, err := img.ConfigName()
		if err != nil {
			t.Fatal(err)
		}
		h.configs[digest.String()] = true
		tag, err := name.NewTag(fmt.Sprintf("%s/app-%d:1", h.host, i))
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(tag, img); err != nil {
			t.Fatal(err)
		}
		references = append(references, tag.Name())
	}
	return h, references
}

// service is `imagegate serve` in a process of its own.
type service struct {
	cmd *exec.Cmd
	url string
}

// startService starts one over dir, which it may find as another left it.
func startService(t *testing.T, dir string, extra ...string) *service {
	t.Helper()
	program, err := exec.LookPath("imagegate")
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--db", filepath.Join(dir, "db")}, extra...)
	s := &service{cmd: exec.Command(program, args...)}
	s.cmd.Env = append(os.Environ(), "COSIGN_PASSWORD=the-password-of-the-key", "HOME="+dir)
	errs, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() })
	lines := bufio.NewReader(errs)
	for s.url == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("the service ended: %s", line)
		}
		if _, url, ok := strings.Cut(line, "listens on "); ok {
			s.url = strings.TrimSpace(url)
		}
	}
	go func() { _, _ = io.Copy(os.Stderr, lines) }()
	return s
}

func (s *service) ask(t *testing.T, reference string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"image": reference, "sign": s.signs()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Post(s.url+"/v1/evaluations", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	text, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusAccepted {
		t.Fatalf("%s: %s", r.Status, text)
	}
	return strings.TrimPrefix(r.Header.Get("Location"), "/v1/evaluations/")
}

func (s *service) signs() bool { return strings.Contains(strings.Join(s.cmd.Args, " "), "--key") }

func (s *service) verdict(t *testing.T, id string) gate.Verdict {
	t.Helper()
	for range 3 {
		r, err := http.Get(s.url + "/v1/evaluations/" + id + "?wait=30")
		if err != nil {
			t.Fatal(err)
		}
		var v gate.Verdict
		err = json.NewDecoder(r.Body).Decode(&v)
		_ = r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("evaluation %s: %s %v", id, r.Status, err)
		}
		if v.Kind == gate.KindVerdict {
			return v
		}
	}
	t.Fatalf("evaluation %s does not end", id)
	return gate.Verdict{}
}

// prepared makes a database and a key in a directory.
func prepared(t *testing.T) (dir, key string) {
	t.Helper()
	dir = t.TempDir()
	if err := demo.WriteDatabase(filepath.Join(dir, "db"), time.Now()); err != nil {
		t.Fatal(err)
	}
	private, _, err := sign.GenerateKey([]byte("the-password-of-the-key"))
	if err != nil {
		t.Fatal(err)
	}
	key = filepath.Join(dir, "gate.key")
	if err := writeNew(key, private, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, key
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within 30 s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestTenEvaluationsSurviveKill9OfTheService(t *testing.T) {
	dir, key := prepared(t)
	h, references := newHeld(t, 10)
	h.hold.Store(true)
	first := startService(t, dir, "--key", key)
	var ids []string
	for _, reference := range references {
		ids = append(ids, first.ask(t, reference))
	}
	eventually(t, "workers wait for layers", func() bool { return h.waiting.Load() >= 2 })
	if err := first.cmd.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	_ = first.cmd.Wait()
	eventually(t, "the workers end with their parent", func() bool { return h.waiting.Load() == 0 })

	h.hold.Store(false)
	second := startService(t, dir, "--key", key)
	for i, id := range ids {
		v := second.verdict(t, id)
		if v.Decision != gate.Pass || v.Image != references[i] || v.Signature.State != gate.Signed {
			t.Errorf("%s: %s %+v %+v", references[i], v.Decision, v.Signature, v.Error)
		}
		r, err := http.Get(second.url + "/v1/images/" + v.Digest)
		if err != nil {
			t.Fatal(err)
		}
		var image struct{ History []any }
		err = json.NewDecoder(r.Body).Decode(&image)
		_ = r.Body.Close()
		if err != nil || len(image.History) != 1 {
			t.Errorf("%s has %d verdicts, %v", references[i], len(image.History), err)
		}
	}
}

func TestAKilledWorkerCostsOneAttemptAndHoldsNoKey(t *testing.T) {
	dir, key := prepared(t)
	h, references := newHeld(t, 1)
	h.hold.Store(true)
	s := startService(t, dir, "--key", key)
	id := s.ask(t, references[0])
	eventually(t, "a worker waits for the layer", func() bool { return h.waiting.Load() == 1 })

	workers := children(t, s.cmd.Process.Pid)
	if len(workers) != 1 {
		t.Fatalf("the service has %d children", len(workers))
	}
	holdsNoKey(t, workers[0], dir)

	if err := syscall.Kill(workers[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another worker takes the job", func() bool {
		again := children(t, s.cmd.Process.Pid)
		return h.waiting.Load() == 1 && len(again) == 1 && again[0] != workers[0]
	})
	if r, err := http.Get(s.url + "/healthz"); err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("the service does not answer: %v", err)
	}
	close(h.release)
	if v := s.verdict(t, id); v.Decision != gate.Pass || v.Signature.State != gate.Signed {
		t.Errorf("%s %+v %+v", v.Decision, v.Signature, v.Error)
	}
}

// children are the process's child processes.
func children(t *testing.T, pid int) []int {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			continue // the thread ended
		}
		for _, field := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(field); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// holdsNoKey looks into a worker: neither its environment nor its memory of
// open files knows the key, its password or the gate's database.
func holdsNoKey(t *testing.T, pid int, dir string) {
	t.Helper()
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"the-password-of-the-key", "COSIGN"} {
		if bytes.Contains(environment, []byte(secret)) {
			t.Errorf("a worker's environment holds %s", secret)
		}
	}
	arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(arguments, []byte("gate.key")) {
		t.Error("a worker's arguments name the key")
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil || len(files) < 3 {
		t.Fatalf("%d open files, %v", len(files), err)
	}
	for _, f := range files {
		target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, f.Name()))
		if err == nil && strings.HasPrefix(target, dir) && !strings.Contains(target, "/db/") && !strings.Contains(target, "/tmp/") && !strings.Contains(target, "/layers/") {
			t.Errorf("a worker has %s open", target)
		}
	}
}

func TestServiceFinishesWhatIsInHandWhenItIsTold(t *testing.T) {
	dir, _ := prepared(t)
	h, references := newHeld(t, 1)
	h.hold.Store(true)
	s := startService(t, dir)
	id := s.ask(t, references[0])
	eventually(t, "a worker waits for the layer", func() bool { return h.waiting.Load() == 1 })
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	close(h.release)
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
	again := startService(t, dir)
	if v := again.verdict(t, id); v.Decision != gate.Pass {
		t.Errorf("%s", v.Decision)
	}
}
