package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	kgzip "github.com/klauspost/compress/gzip"

	"github.com/imagegate/imagegate/internal/bench/fixture"
)

// remoteContext is a registry on loopback and a context to use it with.
type remoteContext struct {
	ctx  context.Context
	host string
}

// counted is a registry that counts what it is asked for.
type counted struct {
	*httptest.Server
	requests, blobs atomic.Int64
}

func startRegistry() *counted {
	c := &counted{}
	inner := registry.New(registry.WithReferrersSupport(true), registry.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)))
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.requests.Add(1)
		if strings.Contains(r.URL.Path, "/blobs/") && r.Method == http.MethodGet {
			c.blobs.Add(1)
		}
		inner.ServeHTTP(w, r)
	}))
	return c
}

// cost is what one run of a program took.
type cost struct {
	wall   time.Duration
	rss    int64 // bytes, at most
	status int
	out    []byte
}

// program runs a program to its end. Status 2 is a verdict of fail.
func program(ctx context.Context, env []string, args ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return cost{}, err
	}
	ended, watched := make(chan struct{}), make(chan int64, 1)
	go func() { watched <- highWater(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	c := cost{wall: time.Since(start), out: out.Bytes(), status: cmd.ProcessState.ExitCode()}
	close(ended)
	c.rss = <-watched
	if err != nil && c.status != 2 {
		return c, fmt.Errorf("%s: %w: %s%s", strings.Join(args, " "), err, errs.String(), out.String())
	}
	return c, nil
}

// highWater follows a process's greatest resident memory in bytes until it
// ends. getrusage would count what this process had when it forked.
func highWater(pid int, ended <-chan struct{}) int64 {
	most := int64(0)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return most
		case <-tick.C:
		}
		if size, err := fixture.Bytes(fixture.Status(fmt.Sprintf("/proc/%d/status", pid)), "VmHWM"); err == nil {
			most = max(most, size)
		}
	}
}

// median of durations.
func median(d []time.Duration) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2]
}

// floor downloads, unpacks and hashes each layer of an image, and does nothing
// else: less than that no scanner can do.
func floor(ctx context.Context, base string, image v1.Image) (time.Duration, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	for _, l := range manifest.Layers {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/v2/bench/app/blobs/"+l.Digest.String(), nil)
		if err != nil {
			return 0, err
		}
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		packed, plain := sha256.New(), sha256.New()
		z, err := kgzip.NewReader(io.TeeReader(r.Body, packed))
		if err == nil {
			_, err = io.Copy(plain, z)
		}
		_ = r.Body.Close()
		if err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}
