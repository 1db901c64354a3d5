package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/demo"
	"github.com/imagegate/imagegate/internal/sign"
)

// sound is a deployment with nothing wrong.
func sound(t *testing.T) *patient {
	t.Helper()
	p := &patient{appOptions: appOptions{workers: 1, signing: true, layout: "both"}, data: decided(t, 1), now: time.Now, client: http.DefaultClient}
	p.database = databaseFile(p.data)
	p.db = filepath.Join(t.TempDir(), "db")
	if err := demo.WriteDatabase(p.db, time.Now()); err != nil {
		t.Fatal(err)
	}
	t.Setenv("COSIGN_PASSWORD", "the-password-of-the-key")
	private, _, err := sign.GenerateKey([]byte("the-password-of-the-key"))
	if err != nil {
		t.Fatal(err)
	}
	p.key = file(t, "gate.key", string(private))
	return p
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestDoctorSaysWhatToMend(t *testing.T) {
	type look = func(context.Context, *patient) diagnosis
	for _, test := range []struct {
		name  string
		with  func(*patient)
		look  look
		state health
		says  string
	}{
		{"a data directory", nil, lookAtData, healthy, "can be written"},
		{"no data directory", func(p *patient) { p.data = filepath.Join(p.data, "none") }, lookAtData, failing, "is not there"},
		{"a file for a data directory", func(p *patient) { p.data = p.key }, lookAtData, failing, "no directory"},
		{"a data directory open to all", func(p *patient) { _ = os.Chmod(p.data, 0o777) }, lookAtData, ailing, "chmod o-w"},
		{"a database", nil, lookAtDatabase, healthy, "sound, schema"},
		{"no database yet", func(p *patient) { p.database = databaseFile(t.TempDir()) }, lookAtDatabase, healthy, "none yet"},
		{"a database open to others", func(p *patient) { _ = os.Chmod(filepath.Join(p.data, "imagegate.db"), 0o644) }, lookAtDatabase, ailing, "chmod 600"},
		{"a damaged database", func(p *patient) {
			p.database = file(t, "imagegate.db", strings.Repeat("not a database ", 500))
		}, lookAtDatabase, failing, "restore a backup"},
		{"space on the disk", nil, func(_ context.Context, p *patient) diagnosis { return lookAtDisk(p.data) }, "", "free for"},
		{"advisories", nil, lookAtAdvisories, healthy, "made 0s ago"},
		{"no advisories", func(p *patient) { p.db = t.TempDir() }, lookAtAdvisories, failing, "imagegate db update"},
		{"stale advisories", func(p *patient) { p.now = func() time.Time { return time.Now().Add(72 * time.Hour) } }, lookAtAdvisories, ailing, "72h0m0s ago"},
		{"old advisories", func(p *patient) { p.now = func() time.Time { return time.Now().Add(240 * time.Hour) } }, lookAtAdvisories, failing, "--db-refresh"},
		{"no Java database", nil, lookAtJava, "", ""},
		{"a broken Java database", func(p *patient) { p.javaDB = t.TempDir() }, lookAtJava, failing, "--java-db"},
		{"an old Java database", func(p *patient) {
			p.javaDB = filepath.Dir(file(t, "metadata.json", `{"UpdatedAt": "2020-01-01T00:00:00Z"}`))
			_ = os.WriteFile(filepath.Join(p.javaDB, "trivy-java.db"), nil, 0o600)
		}, lookAtJava, ailing, "ago"},
		{"a list of exploits", func(p *patient) { p.kev = file(t, "kev", "CVE-2021-44228\n") }, lookAtExploitList, healthy, "1"},
		{"a broken list of exploits", func(p *patient) { p.kev = file(t, "kev", "nothing") }, lookAtExploitList, failing, "KEV"},
		{"no list of exploits", nil, lookAtExploitList, "", ""},
		{"a broken trusted root", func(p *patient) { p.trust = file(t, "root.json", "{") }, lookAtTrust, failing, "trusted_root.json"},
		{"the shipped policies", nil, lookAtPolicyFiles, healthy, `"default" decides where none matches`},
		{"another policy", func(p *patient) { p.policy, p.image = "strict", "r.example/app:1" }, lookAtPolicyFiles, healthy, `"strict" decides about r.example/app:1`},
		{"a policy there is not", func(p *patient) { p.policy = "lax" }, lookAtPolicyFiles, failing, "lax"},
		{"a policy with a mistake", func(p *patient) { p.policy = file(t, "p.yaml", "rules: 1") }, lookAtPolicyFiles, failing, "imagegate policy lint"},
		{"a key", nil, lookAtKey, healthy, "public half has sha256"},
		{"a key everybody can read", func(p *patient) { _ = os.Chmod(p.key, 0o644) }, lookAtKey, ailing, "chmod 600"},
		{"a key with another password", func(p *patient) { p.password = file(t, "password", "wrong") }, lookAtKey, failing, "password"},
		{"no key", func(p *patient) { p.key = "" }, lookAtKey, "", ""},
		{"no registry", func(p *patient) { p.image = "127.0.0.1:1/app:1" }, lookAtRegistry, failing, "check the network"},
		{"an image that is no registry's", func(p *patient) { p.image = "oci:/tmp/x" }, lookAtRegistry, unseen, "--image"},
		{"a clock nobody compared", nil, lookAtClock, "", ""},
		{"a clock", func(p *patient) { p.skew.Store(new(time.Duration)) }, lookAtClock, healthy, "0s"},
		{"a clock that is slow", func(p *patient) { d := -2 * time.Minute; p.skew.Store(&d) }, lookAtClock, ailing, "2m0s"},
		{"a clock that is wrong", func(p *patient) { d := time.Hour; p.skew.Store(&d) }, lookAtClock, failing, "NTP"},
		{"no server", func(p *patient) { p.server = "http://127.0.0.1:1" }, lookAtServer, failing, "does it run"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := sound(t)
			if test.with != nil {
				test.with(p)
			}
			d := p.one(t.Context(), test.look)
			if test.name == "space on the disk" {
				test.state = d.State // it is this machine's
			}
			if d.State != test.state || !strings.Contains(d.Detail+" "+d.Mend, test.says) {
				t.Errorf("%+v, want %q and %q", d, test.state, test.says)
			}
			if (d.Mend == "") != (d.State == healthy || d.State == "") {
				t.Errorf("what is not well needs a mend: %+v", d)
			}
		})
	}
}

func TestDoctorReadsTheTightestMemoryLimit(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"none", nil, 0},
		{"no limit", map[string]string{"sys/fs/cgroup/memory.max": "max\n"}, 0},
		{"a container's", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1073741824\n"}, 1 << 30},
		{"a parent's", map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "1000\n", "sys/fs/cgroup/a/b/memory.max": "2000\n"}, 1000},
		{"of version 1", map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "4096\n"}, 4096},
		{"none of version 1", map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
	} {
		root := t.TempDir()
		for name, content := range test.files {
			name = filepath.Join(root, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(content), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		if got, found := memoryLimit(root); got != test.want || found != (test.want > 0) {
			t.Errorf("%s: %d, %v", test.name, got, found)
		}
	}
}

func TestDoctorAsksAServer(t *testing.T) {
	const token = "a-token-of-sixteen-bytes"
	ready, open := http.StatusOK, false
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/readyz":
			w.WriteHeader(ready)
			fmt.Fprintf(w, `{"ready": %v, "components": [{"name": "database", "ready": %v, "detail": "the disk is full"}]}`, ready == 200, ready == 200)
		case r.URL.Path == "/metrics":
			fmt.Fprint(w, "# HELP\nimagegate_verdicts_total 1\n")
		case r.Header.Get("Authorization") == "Bearer "+token || open:
			w.WriteHeader(http.StatusNotFound)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer service.Close()
	p := &patient{server: service.URL, client: service.Client(), now: time.Now}
	expect := func(look func(context.Context, *patient) diagnosis, state health, says string) {
		t.Helper()
		if d := p.one(t.Context(), look); d.State != state || !strings.Contains(d.Detail, says) {
			t.Errorf("%+v, want %s and %q", d, state, says)
		}
	}
	expect(lookAtServer, healthy, "1 parts")
	expect(lookAtMetrics, healthy, "2 lines")
	expect(lookAtToken, unseen, "none was given")
	p.tokenFile = file(t, "token", token)
	expect(lookAtToken, healthy, "accepted, and needed")
	p.tokenFile = file(t, "token", "another-token-of-many-bytes")
	expect(lookAtToken, failing, "refuses the token")
	p.tokenFile, open = file(t, "token", token), true
	expect(lookAtToken, ailing, "without a token too")
	ready = http.StatusServiceUnavailable
	expect(lookAtServer, failing, "the disk is full")
}

func TestDoctorReadsACertificatesEnd(t *testing.T) {
	service := httptest.NewTLSServer(http.NotFoundHandler())
	defer service.Close()
	end := service.Certificate().NotAfter
	p := &patient{admission: service.Listener.Addr().String()}
	for left, want := range map[time.Duration]health{
		60 * 24 * time.Hour: healthy, 10 * 24 * time.Hour: ailing, 24 * time.Hour: failing, -time.Hour: failing,
	} {
		p.now = func() time.Time { return end.Add(-left) }
		if d := p.one(t.Context(), lookAtCertificate); d.State != want {
			t.Errorf("%s before its end: %+v", left, d)
		}
	}
}

func TestDoctorsStatusSaysWhatItCameTo(t *testing.T) {
	for _, test := range []struct {
		states []health
		want   error
	}{
		{[]health{healthy, ailing}, nil},
		{[]health{healthy, unseen}, exitStatus(exitError)},
		{[]health{unseen, failing, unseen}, exitStatus(exitFail)},
	} {
		var found []diagnosis
		for _, s := range test.states {
			found = append(found, diagnosis{State: s})
		}
		if err := (&patient{}).report(&strings.Builder{}, "table", found); !errors.Is(err, test.want) {
			t.Errorf("%v: %v", test.states, err)
		}
	}
}

// TestDoctorLooksAtAWholeDeployment runs the program itself, which starts a
// worker.
func TestDoctorLooksAtAWholeDeployment(t *testing.T) {
	program, err := exec.LookPath("imagegate")
	if err != nil {
		t.Fatal(err)
	}
	registry, err := demo.StartRegistry()
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	images, err := registry.Push(t.Context())
	if err != nil || len(images) == 0 {
		t.Fatal(err)
	}
	p := sound(t)
	run := func(args ...string) (out struct {
		OK     bool        `json:"ok"`
		Checks []diagnosis `json:"checks"`
	}, status int) {
		c := exec.Command(program, append([]string{"doctor", "--data", p.data, "--db", p.db, "--output", "json", "--workers", "1"}, args...)...)
		c.Stderr = os.Stderr
		text, err := c.Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			status = exit.ExitCode()
		}
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return out, status
	}
	out, status := run("--key", p.key, "--image", images[0].Reference)
	found := map[string]diagnosis{}
	for _, d := range out.Checks {
		found[d.Check] = d
	}
	for _, name := range []string{"data directory", "database", "vulnerability database", "policies", "signing key", "worker", "registry", "clock"} {
		if found[name].State != healthy {
			t.Errorf("%s: %+v", name, found[name])
		}
	}
	if (status == exitPass) != out.OK {
		t.Errorf("status %d, ok %v", status, out.OK)
	}
	if out, status := run("--db", t.TempDir()); status != exitFail || out.OK {
		t.Errorf("without advisories: status %d, %+v", status, out)
	}
}
