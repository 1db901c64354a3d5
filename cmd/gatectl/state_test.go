package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/client"
)

func TestAStateFileIsBounded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state.json")
	now := time.Now()
	s, err := openState(name, now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxPending + 50 {
		if err := s.put(pending{Request: fmt.Sprintf("sha256:%064d", i), Key: strings.Repeat("k", 255), ID: strings.Repeat("0", 64), At: now}); err != nil {
			t.Fatal(err)
		}
	}
	s, err = openState(name, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.find(fmt.Sprintf("sha256:%064d", 49)); ok || len(s.file.Pending) != maxPending {
		t.Errorf("%d requests, the oldest is there: %t", len(s.file.Pending), ok)
	}
	if s, err = openState(name, now.Add(25*time.Hour)); err != nil || len(s.file.Pending) != 0 {
		t.Errorf("after a day: %v, %v", s, err)
	}
	if err := os.WriteFile(name, []byte(strings.Repeat(" ", maxState+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = openState(name, now); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a file that is too large: %v", err)
	}
}

func TestKeysTellRequestsApartAndStayTheSame(t *testing.T) {
	policy, yes := "strict", true
	requests := []client.EvaluationRequest{
		{Image: "a:1"}, {Image: "a:2"}, {Image: "a:1", Policy: &policy}, {Image: "a:1", Sign: &yes}, {Image: "a:1", Full: &yes}, {Image: "a:1", Platforms: &[]string{"linux/amd64"}},
	}
	seen := map[string]bool{}
	for _, server := range []string{"https://one.example", "https://two.example"} {
		for _, run := range []string{"github\n1", "github\n2"} {
			for _, req := range requests {
				for n := range 3 {
					k, derived := key(run, fingerprint(server, req), n)
					again, _ := key(run, fingerprint(server, req), n)
					if !derived || k != again || seen[k] || !stateKey.MatchString(k) {
						t.Errorf("%s is derived: %t; the next is %s", k, derived, again)
					}
					seen[k] = true
				}
			}
		}
	}
	one, derived := key("", "r", 0)
	two, _ := key("", "r", 0)
	if derived || one == two {
		t.Errorf("without a run: %s and %s", one, two)
	}
	if _, derived := key("github\n1", "r", maxAsked); derived {
		t.Error("a loop without an end looks for ever longer for a key")
	}
}

func FuzzState(f *testing.F) {
	f.Add([]byte(`{"apiVersion":"imagegate.dev/v1","kind":"GatectlState","pending":[{"request":"sha256:x","key":"k","at":"2026-06-01T12:00:00Z"}]}`))
	f.Add([]byte(`{}{}`))
	now := time.Date(2026, 6, 1, 13, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parseState(data, now)
		if err != nil {
			return
		}
		for _, p := range file.Pending {
			if !stateRequest.MatchString(p.Request) || !stateKey.MatchString(p.Key) || now.Sub(p.At) > maxStateAge {
				t.Errorf("%+v is trusted", p)
			}
		}
	})
}
