package registry_test

import (
	"encoding/base64"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/registry"
	"github.com/imagegate/imagegate/internal/registry/registrytest"
)

// dockerConfig makes DOCKER_CONFIG name a directory with credentials of host.
func dockerConfig(t *testing.T, host, user, password string) {
	t.Helper()
	dir := t.TempDir()
	auth := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"auths":{"`+host+`":{"auth":"`+auth+`"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_CONFIG", dir)
}

func TestCredentials(t *testing.T) {
	img := image(t, 1, 100, "linux", "amd64")
	t.Run("of a Docker configuration open a private registry and its layers", func(t *testing.T) {
		r := registrytest.NewPrivate(t, "robot", "s3cret")
		ref := r.Push(t, "team/app:v1", img)
		dockerConfig(t, r.Host, "robot", "s3cret")
		c := newClient(t)
		got := resolve(t, c, ref)
		if err := pull(t.Context(), c, r.Host+"/team/app", got.Images[0].Evidence.Manifest.Layers[0]); err != nil {
			t.Error(err)
		}
		if found, err := c.Credentials(t.Context(), r.Host+"/team/app"); err != nil || found.Username != "robot" || found.Password != "s3cret" {
			t.Errorf("credentials to hand on: %q, %v", found.Username, err)
		}
	})
	t.Run("of the environment are used for their host", func(t *testing.T) {
		r := registrytest.NewPrivate(t, "robot", "s3cret")
		ref := r.Push(t, "team/app:v1", img)
		t.Setenv("DOCKER_CONFIG", t.TempDir())
		t.Setenv("IMAGEGATE_REGISTRY", r.Host)
		t.Setenv("IMAGEGATE_REGISTRY_USERNAME", "robot")
		t.Setenv("IMAGEGATE_REGISTRY_PASSWORD", "s3cret")
		resolve(t, newClient(t), ref)
	})
	t.Run("of the environment are not sent to another host", func(t *testing.T) {
		r := registrytest.NewPrivate(t, "robot", "s3cret")
		ref := r.Push(t, "team/app:v1", img)
		t.Setenv("DOCKER_CONFIG", t.TempDir())
		t.Setenv("IMAGEGATE_REGISTRY", "registry.example.com")
		t.Setenv("IMAGEGATE_REGISTRY_USERNAME", "robot")
		t.Setenv("IMAGEGATE_REGISTRY_PASSWORD", "s3cret")
		refused(t, newClient(t), ref, nil, gate.CodeUnauthorized)
	})
	t.Run("that are wrong are refused, without being told", func(t *testing.T) {
		r := registrytest.NewPrivate(t, "robot", "s3cret")
		ref := r.Push(t, "team/app:v1", img)
		dockerConfig(t, r.Host, "robot", "wr0ng")
		_, err := newClient(t).Resolve(t.Context(), parse(t, ref), nil)
		expectError(t, err, gate.CodeUnauthorized, "check the registry credentials")
		if strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("the error holds the password: %v", err)
		}
	})
	t.Run("that are missing are asked for", func(t *testing.T) {
		r := registrytest.NewPrivate(t, "robot", "s3cret")
		ref := r.Push(t, "team/app:v1", img)
		t.Setenv("DOCKER_CONFIG", t.TempDir())
		refused(t, newClient(t), ref, nil, gate.CodeUnauthorized, "check the registry credentials")
	})
	t.Run("that cannot be read are named", func(t *testing.T) {
		r := registrytest.NewPrivate(t, "robot", "s3cret")
		ref := r.Push(t, "team/app:v1", img)
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("DOCKER_CONFIG", dir)
		refused(t, newClient(t), ref, nil, gate.CodeUnauthorized, "check the Docker configuration")
	})
	t.Run("do not follow a layer to another host", func(t *testing.T) {
		r := registrytest.NewPrivate(t, "robot", "s3cret")
		ref := r.Push(t, "team/app:v1", img)
		dockerConfig(t, r.Host, "robot", "s3cret")
		store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			if request.Header.Get("Authorization") != "" {
				t.Error("the store behind the registry was given the registry's credentials")
			}
			w.WriteHeader(http.StatusNotFound)
		}))
		t.Cleanup(store.Close)
		c := newClient(t)
		d := resolve(t, c, ref).Images[0].Evidence.Manifest.Layers[0]
		r.Inject(registrytest.Fault{Kind: registrytest.Blob, Redirect: strings.Replace(store.URL, "127.0.0.1", "localhost", 1) + "/blob"})
		expectError(t, pull(t.Context(), c, r.Host+"/team/app", d), gate.CodeNotFound)
	})
}

func TestPlainHTTPIsForLoopbackAndWhereConfigured(t *testing.T) {
	c := newClient(t, func(o *registry.Options) { o.Insecure = []string{"registry.local", "10.0.0.7:5000"} })
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "registry.localhost": true, "127.0.0.1:1": true, "127.9.9.9": true, "[::1]:5000": true,
		"registry.local": true, "registry.local:5000": true, "10.0.0.7:5000": true,
		"10.0.0.7": false, "10.0.0.7:5001": false, "192.168.1.1:5000": false, "docker.io": false, "localhost.example.com": false, "registry.local.example.com": false,
	} {
		if got := c.PlainHTTP(host); got != want {
			t.Errorf("%s: %v, want %v", host, got, want)
		}
	}
}

func TestALayerIsNotFollowedToPlainHTTP(t *testing.T) {
	r, repository, d := layerOf(t, 100)
	r.Inject(registrytest.Fault{Kind: registrytest.Blob, Redirect: "http://192.0.2.1/blob"})
	expectError(t, pull(t.Context(), newClient(t), repository, d), gate.CodeUnavailable, "plain HTTP to 192.0.2.1 is not allowed")
}

func TestCABundle(t *testing.T) {
	r := registrytest.New(t)
	r.Push(t, "app:v1", image(t, 1, 100, "linux", "amd64"))
	server := httptest.NewUnstartedServer(r)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	ref := server.Listener.Addr().String() + "/app:v1"
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("a registry it vouches for is trusted", func(t *testing.T) {
		c := newClient(t, func(o *registry.Options) { o.CABundle = bundle })
		got := resolve(t, c, ref)
		if err := pull(t.Context(), c, server.Listener.Addr().String()+"/app", got.Images[0].Evidence.Manifest.Layers[0]); err != nil {
			t.Error(err)
		}
	})
	t.Run("a registry nobody vouches for is not", func(t *testing.T) {
		refused(t, newClient(t), ref, nil, gate.CodeUnavailable)
	})
	t.Run("a file without certificates is an error", func(t *testing.T) {
		_, err := registry.New(registry.Options{CABundle: os.DevNull})
		expectError(t, err, gate.CodeInvalid, "CA bundle", os.DevNull)
	})
}
