package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/imagegate/imagegate/internal/demo"
	"github.com/imagegate/imagegate/internal/gate"
)

// fleet is how many images the rescan row decides again.
const fleet = 1000

// rescan decides a fleet once, puts a newer database in force, and decides it
// again: its peer is the first time.
func (b *bench) rescan() error {
	db := filepath.Join(b.dir, "fleet-db")
	if err := demo.WriteDatabase(db, time.Now().Add(-time.Hour)); err != nil {
		return err
	}
	base, _, err := subject()
	if err != nil {
		return err
	}
	// A policy the image passes: the toolchain in it would fail others.
	policy := filepath.Join(b.dir, "fleet.yaml")
	if err := os.WriteFile(policy, []byte("apiVersion: image-policy.k8s.io/v1\nkind: ImagePolicy\nmetadata: {name: fleet}\nrules:\n- {name: v, maxSeverity: CRITICAL}\n- {name: f, freshness: {database: 36500d}}\n"), 0o600); err != nil {
		return err
	}
	database, wanted := b.db, b.policy
	b.db, b.policy = db, policy
	defer func() { b.db, b.policy = database, wanted }()
	s, err := startService(b)
	if err != nil {
		return err
	}
	defer s.stop()
	fmt.Fprintf(os.Stderr, "deciding %d images\n", fleet)
	var first time.Duration
	for i := range fleet {
		// Configs of their own over the same layers, as images of a company
		// share their base.
		image, err := variant(base, "65532:65532", i+1)
		if err != nil {
			return err
		}
		reference, err := push(remoteContext{b.ctx, b.host}, image, fmt.Sprintf("fleet/app-%d:1", i))
		if err != nil {
			return err
		}
		took, err := s.ask(reference)
		if err != nil {
			return err
		}
		first += took
	}
	if err := demo.WriteDatabase(db+"-new", time.Now()); err != nil {
		return err
	}
	for _, f := range []string{"trivy.db", "metadata.json"} {
		if err := os.Rename(filepath.Join(db+"-new", f), filepath.Join(db, f)); err != nil {
			return err
		}
	}
	b.registry.requests.Store(0)
	start := time.Now()
	done, err := s.rescan()
	if err != nil {
		return err
	}
	again := time.Since(start)
	if done.Total != fleet || done.Passed != fleet {
		return fmt.Errorf("the rescan decided %d of %d, %d pass: %+v", done.Done, done.Total, done.Passed, done.Undecided)
	}
	b.ratio(fmt.Sprintf("rescan of %d images (peer: the first time)", fleet), again, first)
	asked := b.registry.requests.Load()
	b.limit("requests to the registry while rescanning", fmt.Sprint(asked), asked == 0, "0")
	rss, err := s.rss()
	if err != nil {
		return err
	}
	b.limit("memory of the service and its workers", mb(rss), rss < 512<<20, "512 MB")
	return nil
}

// rescan begins one and waits for its end.
func (s *service) rescan() (gate.Rescan, error) {
	var r gate.Rescan
	if err := s.call(http.MethodPost, "/v1/rescans", "{}", &r); err != nil {
		return r, err
	}
	id := r.ID
	for r.State != gate.Done {
		r = gate.Rescan{}
		if err := s.call(http.MethodGet, "/v1/rescans/"+id+"?wait=60", "", &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (s *service) call(method, path, body string, into any) error {
	req, err := http.NewRequestWithContext(s.b.ctx, method, s.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode >= 300 {
		return fmt.Errorf("%s: %s %.300s %w", path, r.Status, text, err)
	}
	return json.Unmarshal(text, into)
}
