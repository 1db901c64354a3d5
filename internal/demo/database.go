package demo

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	fixtures "github.com/aquasecurity/bolt-fixtures"

	"github.com/imagegate/imagegate/internal/scan/vulndb"
)

//go:embed advisories.yaml
var advisories []byte

// WriteDatabase makes a small vulnerability database of the embedded
// advisories, and of more in the same form, in dir: enough for the demo and for
// tests, and for nothing else.
func WriteDatabase(dir string, now time.Time, more ...[]byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var sources []string
	for i, text := range append([][]byte{advisories}, more...) {
		source := filepath.Join(dir, fmt.Sprintf("advisories-%d.yaml", i))
		if err := os.WriteFile(source, text, 0o600); err != nil {
			return err
		}
		defer func() { _ = os.Remove(source) }()
		sources = append(sources, source)
	}
	loader, err := fixtures.New(filepath.Join(dir, "trivy.db"), sources)
	if err != nil {
		return err
	}
	if err := loader.Load(); err != nil {
		return err
	}
	if err := loader.Close(); err != nil {
		return err
	}
	meta, err := json.Marshal(vulndb.Metadata{
		Version: vulndb.SchemaVersion, UpdatedAt: now.UTC().Truncate(time.Second), NextUpdate: now.UTC().Add(24 * time.Hour).Truncate(time.Second), DownloadedAt: now.UTC(),
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "metadata.json"), meta, 0o600)
}
