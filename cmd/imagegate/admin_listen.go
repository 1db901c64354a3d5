package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/server"
)

// adminOptions are the flags of the operator's listener.
type adminOptions struct {
	listen string
	remote bool
}

func (o *adminOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.listen, "admin-listen", "", "address of profiles (/debug/pprof), /metrics and /debug/vars, for example 127.0.0.1:6060; empty: none")
	cmd.Flags().BoolVar(&o.remote, "admin-allow-remote", false, "let --admin-listen be reached from other machines; it asks for no token, and a profile shows what is in memory")
}

// open listens; nil when no listener is asked for.
func (o adminOptions) open() (net.Listener, error) {
	if o.listen == "" {
		return nil, nil
	}
	if !o.remote && !loopback(o.listen) {
		return nil, usage("--admin-listen %s can be reached from other machines, and profiles show what is in memory: listen on 127.0.0.1, or give --admin-allow-remote", o.listen)
	}
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return nil, usage("--admin-listen %s: %v", o.listen, err)
	}
	return l, nil
}

// adminHandler answers the operator.
func adminHandler(m *server.Metrics, started time.Time) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.Handle("GET /metrics", m)
	mux.HandleFunc("GET /debug/vars", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		_ = e.Encode(vars(started)) // whoever asked has gone
	})
	return mux
}

// processVars say what runs. /debug/pprof/cmdline is left out, and so are
// arguments here: they name files of secrets.
type processVars struct {
	Version     string            `json:"version"`
	Go          string            `json:"go"`
	Modules     map[string]string `json:"modules"`
	Settings    map[string]string `json:"settings"`
	PID         int               `json:"pid"`
	StartedAt   time.Time         `json:"startedAt"`
	CPUs        int               `json:"cpus"`
	MaxProcs    int               `json:"maxProcs"`
	MemoryLimit int64             `json:"memoryLimitBytes"`
	Goroutines  int               `json:"goroutines"`
	Heap        uint64            `json:"heapBytes"`
	System      uint64            `json:"systemBytes"`
	Collections uint32            `json:"garbageCollections"`
}

func vars(started time.Time) processVars {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	v := processVars{
		Version: version, Go: runtime.Version(), Modules: map[string]string{}, Settings: map[string]string{}, PID: os.Getpid(), StartedAt: started.UTC(),
		CPUs: runtime.NumCPU(), MaxProcs: runtime.GOMAXPROCS(0), MemoryLimit: debug.SetMemoryLimit(-1), Goroutines: runtime.NumGoroutine(),
		Heap: m.HeapAlloc, System: m.Sys, Collections: m.NumGC,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			v.Modules[d.Path] = d.Version
		}
		for _, s := range info.Settings {
			v.Settings[s.Key] = s.Value
		}
	}
	return v
}

// serveAdmin answers until ctx ends. A profile in hand is cut off then.
func serveAdmin(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 5 * time.Minute, IdleTimeout: 2 * time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
