package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// rounds is how many pods are created in each namespace.
const rounds = 300

// creates measures what creating a pod (as a dry run) takes in each namespace,
// in turns, through `kubectl proxy`: what an admission webhook adds is the
// difference.
func creates(ctx context.Context, proxy, image string, namespaces []string) error {
	took := make([][]time.Duration, len(namespaces))
	for i := range rounds {
		for n, namespace := range namespaces {
			body := fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"measured-%d"},"spec":{"containers":[{"name":"main","image":%q}]}}`, i, image)
			start := time.Now()
			if err := createPod(ctx, proxy, namespace, body); err != nil {
				return err
			}
			took[n] = append(took[n], time.Since(start))
		}
	}
	for n, namespace := range namespaces {
		slices.Sort(took[n])
		fmt.Printf("%-12s p50 %s  p99 %s\n", namespace, took[n][rounds/2].Round(10*time.Microsecond), took[n][rounds*99/100].Round(10*time.Microsecond))
	}
	return nil
}

func createPod(ctx context.Context, proxy, namespace, body string) error {
	//nolint:gosec // the address is what the test is told
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, proxy+"/api/v1/namespaces/"+namespace+"/pods?dryRun=All", bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	r, err := http.DefaultClient.Do(req) //nolint:gosec // the address is what the test is told
	if err != nil {
		return err
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s: %s %.300s %w", namespace, r.Status, text, err)
	}
	return nil
}
