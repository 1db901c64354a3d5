package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/scan/sharedlayers"
	"github.com/imagegate/imagegate/internal/servertest"
)

// relabeled pushes an image with the layers of another and a config of its own,
// so that no verdict of the other answers for it.
func relabeled(t *testing.T, h *held, reference, label string) string {
	t.Helper()
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	img, err := remote.Image(tag)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.Config.Labels = map[string]string{"label": label}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	digest, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	h.configs[digest.String()] = true
	other := tag.Tag(label)
	if err := remote.Write(other, img); err != nil {
		t.Fatal(err)
	}
	return other.Name()
}

// text is what the service answers a GET with.
func (s *service) text(t *testing.T, path string) string {
	t.Helper()
	r, err := http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (s *service) hasSeries(t *testing.T, series ...string) {
	t.Helper()
	text := s.text(t, "/metrics")
	for _, line := range series {
		if !strings.Contains(text, "\n"+line+"\n") {
			name, _, _ := strings.Cut(line, " ")
			_, after, _ := strings.Cut(text, "\n"+name)
			t.Errorf("no series %s, but%.20s", line, after)
		}
	}
}

// sharedLayersDetail is what /readyz says of the Redis.
func (s *service) sharedLayersDetail(t *testing.T) string {
	t.Helper()
	var said struct {
		Ready      bool
		Components []struct {
			Name, Detail string
			Ready        bool
		}
	}
	text := s.text(t, "/readyz")
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		t.Fatal(err)
	}
	for _, c := range said.Components {
		if c.Name == "shared-layers" {
			if !c.Ready || !said.Ready {
				t.Errorf("a Redis makes the gate unready: %s", text)
			}
			return c.Detail
		}
	}
	t.Errorf("/readyz is silent about shared layers: %s", text)
	return ""
}

func TestReplicasReadALayerOnce(t *testing.T) {
	const password = "the-password-of-redis"
	redis, database := servertest.RedisWithPassword(t, password), servertest.PostgreSQL(t)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"--database", database, "--shared-layers", strings.Replace(redis.URL(), ":"+password+"@", "", 1), "--shared-layers-password-file", file}
	h, references := newHeld(t, 2)
	dir, _ := prepared(t)
	first := startService(t, dir, flags...)
	if v := first.verdict(t, first.ask(t, references[0])); v.Decision != gate.Pass {
		t.Fatalf("%s %+v", v.Decision, v.Error)
	}
	first.hasSeries(t, `imagegate_layers_read_total 1`, `imagegate_shared_layers_total{outcome="miss"} 1`, `imagegate_shared_layers_total{outcome="stored"} 1`)

	// The first must not do the second's work: they share a queue.
	if err := first.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = first.cmd.Wait()

	// The second has a directory of its own and cannot read any layer.
	other := relabeled(t, h, references[0], "other")
	dir, _ = prepared(t)
	second := startService(t, dir, flags...)
	h.hold.Store(true)
	if v := second.verdict(t, second.ask(t, other)); v.Decision != gate.Pass {
		t.Errorf("%s %+v", v.Decision, v.Error)
	}
	second.hasSeries(t, `imagegate_layers_total 1`, `imagegate_layers_read_total 0`, `imagegate_shared_layers_total{outcome="hit"} 1`)
	if detail := second.sharedLayersDetail(t); detail != "reachable" {
		t.Errorf("/readyz says %q", detail)
	}

	// Without Redis it goes on.
	h.hold.Store(false)
	redis.Stop()
	if v := second.verdict(t, second.ask(t, references[1])); v.Decision != gate.Pass {
		t.Errorf("without Redis: %s %+v", v.Decision, v.Error)
	}
	second.hasSeries(t, `imagegate_layers_read_total 1`)
	if detail := second.sharedLayersDetail(t); !strings.HasPrefix(detail, "not reachable") || strings.Contains(detail, password) {
		t.Errorf("/readyz says %q", detail)
	}
}

func TestFlagsOfSharedLayersThatCannotBeUsed(t *testing.T) {
	alone := appOptions{shared: sharedLayersOptions{passwordFile: os.DevNull}}
	if err := (&app{}).shareLayers(t.Context(), alone); gate.CodeOf(err) != gate.CodeInvalid {
		t.Errorf("a password without a Redis: %v", err)
	}
	key := make([]byte, sharedlayers.KeySize)
	for _, test := range []struct {
		name, url, passwordFile, caBundle, want string
	}{
		{"another address", "http://localhost", "", "", "redis://HOST:PORT/0"},
		{"a password file that is not there", "redis://localhost", filepath.Join(t.TempDir(), "none"), "", "cannot be read"},
		{"authorities that are none", "rediss://localhost", "", os.DevNull, "--ca-bundle"},
	} {
		_, err := sharedLayersOptions{test.url, test.passwordFile}.open(test.caBundle, key, nil, nil)
		if gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestDoctorLooksAtSharedLayers(t *testing.T) {
	redis := servertest.RedisWithPassword(t, "right")
	for _, test := range []struct {
		name, url string
		state     health
		says      string
	}{
		{"none", "", "", ""},
		{"one that answers", redis.URL(), healthy, "answers in"},
		{"a wrong password", strings.Replace(redis.URL(), "right", "hunter2", 1), ailing, "name the right password"},
		{"another address", "http://localhost", failing, "redis://HOST:PORT/0"},
	} {
		d := lookAtSharedLayers(t.Context(), &patient{appOptions: appOptions{shared: sharedLayersOptions{url: test.url}}})
		if d.State != test.state || !strings.Contains(d.Detail, test.says) || strings.Contains(d.Detail+d.Mend, "hunter2") {
			t.Errorf("%s: %+v, want %q", test.name, d, test.state)
		}
	}
}
