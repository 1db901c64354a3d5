package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/imagegate/imagegate/internal/bench/fixture"
)

// stage is everything that runs: the replicas, what they need, and toxiproxy
// between. Registry, database and Redis have a port of their own, which only
// the soak test uses, and one of toxiproxy's, which the replicas are told.
type stage struct {
	options
	log      *log
	dir      string
	registry *process
	postgres *process
	redis    *process
	replicas []*replica
	proxies  proxies
	// host is the registry as images are named: toxiproxy's port.
	host string
	// disk is the small file system that one replica keeps its data on; empty
	// where none can be made.
	disk string
}

// replica is one `imagegate serve`.
type replica struct {
	process
	data string
}

// readyz says whether it can do its work, as a Deployment's probe asks.
func (r *replica) readyz() error {
	resp, err := http.Get("http://" + r.address() + "/readyz")
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it is not ready: %.300s %w", text, err)
	}
	return nil
}

// caller is one of the rights file.
type caller struct{ name, token string }

var callers = []caller{{"bulk-a", "soak-token-of-bulk-a"}, {"bulk-b", "soak-token-of-bulk-b"}, {"single", "soak-token-of-single"}}

func (s *stage) logFile(name string) string { return filepath.Join(s.dir, "logs", name+".log") }

// start brings everything up.
func (s *stage) start(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(s.dir, "logs"), 0o755); err != nil {
		return err
	}
	// PostgreSQL's user must find its directory below it.
	if err := os.Chmod(s.dir, 0o711); err != nil {
		return err
	}
	ports, err := freePorts(9)
	if err != nil {
		return err
	}
	if err := s.newPostgres(ports[0]); err != nil {
		return err
	}
	if err := s.newRegistry(ports[1]); err != nil {
		return err
	}
	if err := s.newRedis(ports[2]); err != nil {
		return err
	}
	local := func(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
	s.proxies.server = &process{name: "toxiproxy", port: ports[3], log: s.logFile("toxiproxy"), args: []string{s.toxiproxyServer, "-host", "127.0.0.1", "-port", strconv.Itoa(ports[3])}, env: []string{"LOG_LEVEL=error"}}
	for i, p := range []*process{s.postgres, s.registry, s.redis} {
		s.proxies.all = append(s.proxies.all, proxy{p.name, local(ports[4+i]), p.address()})
	}
	if err := s.proxies.start(); err != nil {
		return err
	}
	s.host = local(ports[5])
	return s.newReplicas(ctx, ports[7:9], local(ports[4]), local(ports[6]))
}

func (s *stage) newRegistry(port int) error {
	path, err := program("docker-registry")
	if err != nil {
		return err
	}
	config := filepath.Join(s.dir, "registry.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage:\n  filesystem: {rootdirectory: %s, maxthreads: 1000}\n  delete: {enabled: false}\nhttp: {addr: 127.0.0.1:%d}\n", filepath.Join(s.dir, "registry"), port)
	s.registry = &process{name: "registry", port: port, log: s.logFile("registry"), args: []string{path, "serve", config}, env: []string{"OTEL_TRACES_EXPORTER=none"}}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	return s.registry.start()
}

func (s *stage) newRedis(port int) error {
	path, err := program("redis-server")
	if err != nil {
		return err
	}
	s.redis = &process{name: "redis", port: port, log: s.logFile("redis"),
		args: []string{path, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir, "--maxmemory", "128mb", "--maxmemory-policy", "allkeys-lru"}}
	return s.redis.start()
}

// newReplicas makes what they share, key, rights, policy and vulnerability
// database, and starts them one after the other.
func (s *stage) newReplicas(ctx context.Context, ports []int, postgres, redis string) error {
	key := exec.CommandContext(ctx, s.gate, "key", "generate", "--out", filepath.Join(s.dir, "cosign"))
	key.Env = append(os.Environ(), "COSIGN_PASSWORD=")
	if out, err := key.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", key, err, out)
	}
	rights := "callers:\n"
	for _, c := range callers {
		rights += fmt.Sprintf("- {name: %s, token: \"sha256:%x\", rights: [{verbs: [evaluate, sign, read], repositories: [\"**\"]}]}\n", c.name, sha256.Sum256([]byte(c.token)))
	}
	file := filepath.Join(s.dir, "rights.yaml")
	if err := os.WriteFile(file, []byte(rights), 0o600); err != nil {
		return err
	}
	policy, err := fixture.Policy(s.dir)
	if err != nil {
		return err
	}
	db, err := fixture.Database(s.dir, s.db)
	if err != nil {
		return err
	}
	for i, port := range ports {
		name := "replica-" + string(rune('a'+i))
		r := &replica{data: filepath.Join(s.dir, name)}
		if err := os.Mkdir(r.data, 0o700); err != nil {
			return err
		}
		r.process = process{name: name, ready: r.readyz, port: port, log: s.logFile(name), env: []string{"COSIGN_PASSWORD="}, args: []string{s.gate, "serve",
			"--listen", fmt.Sprintf("127.0.0.1:%d", port), "--data", filepath.Join(r.data, "data"), "--db", db, "--policy", policy, "--key", filepath.Join(s.dir, "cosign.key"),
			"--rights", file, "--workers", "2", "--insecure-registry", s.host, "--log-level", "info",
			"--replica", name, "--database", "postgres://" + databaseName + "@" + postgres + "/" + databaseName, "--database-password-file", filepath.Join(s.dir, "password"),
			"--shared-layers", "redis://" + redis + "/0"}}
		s.replicas = append(s.replicas, r)
	}
	s.mountSmall(s.replicas[1])
	for _, r := range s.replicas {
		if err := r.start(); err != nil {
			return err
		}
	}
	return nil
}

// mountSmall gives a replica a disk that can be filled. It needs root.
func (s *stage) mountSmall(r *replica) {
	if syscall.Mount("tmpfs", r.data, "tmpfs", 0, "size=256m,mode=700") == nil {
		s.disk = r.data
	}
}

// end stops what runs, and takes the small disk away.
func (s *stage) end() {
	var all []*process
	for _, r := range s.replicas {
		all = append(all, &r.process)
	}
	for _, p := range append(all, s.proxies.server, s.redis, s.registry, s.postgres) {
		if p == nil || p.pid() == 0 {
			continue
		}
		_ = p.signal(syscall.SIGCONT) // a stalled one would not end
		if p.stop(30*time.Second) != nil {
			_ = p.killAll() // it had ended, or does not
		}
	}
	if s.disk != "" {
		_ = syscall.Unmount(s.disk, 0)
	}
}
