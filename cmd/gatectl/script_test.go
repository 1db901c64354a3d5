package main

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gatectl": func() { os.Exit(run(os.Args[1:])) }})
}

// TestScripts runs the command line against a stand-in that is held to the
// gate's contract.
func TestScripts(t *testing.T) {
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of handshakes that are meant to end
	tls.StartTLS()
	t.Cleanup(tls.Close)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			g := newStandIn(t)
			e.Values["gate"] = g
			e.Setenv("GATE", g.url)
			e.Setenv("TLS", tls.URL)
			e.Setenv("APP", "registry.example/team")
			e.Setenv("DIGEST", digest)
			e.Setenv("IMAGEGATE_SERVER", g.url)
			e.Setenv("IMAGEGATE_TOKEN_FILE", filepath.Join(e.WorkDir, "token"))
			good := g.allow(jwt("good", time.Hour))
			e.Setenv("GOOD_JWT", good)
			e.Setenv("BAD_JWT", jwt("bad", time.Hour))
			e.Setenv("OLD_JWT", g.allow(jwt("old", -time.Hour)))
			if err := os.WriteFile(filepath.Join(e.WorkDir, "jwt"), []byte(good+"\n"), 0o600); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(e.WorkDir, "token"), []byte(token+"\n"), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "asked": asked, "edit": edit, "let-end": letEnd},
	})
}

// exits runs a program that must end with the given status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM ARGUMENT…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// asked waits until the stand-in was asked something that often; negated, it
// must not have been.
func asked(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: asked WHAT TIMES")
	}
	times, err := strconv.Atoi(args[1])
	ts.Check(err)
	g := ts.Value("gate").(*standIn)
	if neg {
		if g.counted(args[0]) >= times {
			ts.Fatalf("%s was asked %d times", args[0], g.counted(args[0]))
		}
		return
	}
	for deadline := time.Now().Add(20 * time.Second); g.counted(args[0]) < times; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("%s was asked %d times, want %d", args[0], g.counted(args[0]), times)
		}
	}
}

// edit copies a file, with one text for another.
func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: edit FROM TO OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[2]) {
		ts.Fatalf("%s does not hold %s", args[0], args[2])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.ReplaceAll(text, args[2], args[3])), 0o600))
}

// letEnd has the evaluations of an image end that wait for it.
func letEnd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: let-end NAME")
	}
	ts.Value("gate").(*standIn).count("let " + args[0] + " end")
}
