//go:build goexperiment.jsonv2

package scan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	trivydb "github.com/aquasecurity/trivy-db/pkg/db"
	"github.com/aquasecurity/trivy/pkg/db"

	"github.com/imagegate/imagegate/internal/gate"
)

// TrivyVersion is the version of the Trivy module this build holds; go.mod
// pins it, and a test compares the two.
const TrivyVersion = "0.74.0"

// openDatabase opens the vulnerability database in dir (trivy.db beside
// metadata.json) for this process. Trivy's handle is global: a process opens
// one database in its life, and a new database is a new process.
func openDatabase(dir string) (gate.Database, error) {
	meta, err := readMetadata(dir)
	if err != nil {
		return gate.Database{}, err
	}
	if _, err := os.Stat(trivydb.Path(dir)); err != nil {
		return gate.Database{}, noDatabase(dir, err)
	}
	if err := db.Init(dir); err != nil {
		return gate.Database{}, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the vulnerability database %s cannot be opened: fetch it again with imagegate db update", trivydb.Path(dir)), err)
	}
	return meta, nil
}

// readMetadata reads and checks metadata.json.
func readMetadata(dir string) (gate.Database, error) {
	data, err := os.ReadFile(filepath.Join(dir, "metadata.json"))
	if err != nil {
		return gate.Database{}, noDatabase(dir, err)
	}
	var meta struct {
		Version    int       `json:"Version"`
		NextUpdate time.Time `json:"NextUpdate"`
		UpdatedAt  time.Time `json:"UpdatedAt"`
		Digest     string    `json:"Digest"` // ours: see vulndb
	}
	if err := json.Unmarshal(data, &meta); err != nil {
		return gate.Database{}, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%s is not the metadata of a vulnerability database: fetch the database again with imagegate db update", filepath.Join(dir, "metadata.json")), err)
	}
	if meta.Version != trivydb.SchemaVersion {
		return gate.Database{}, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the vulnerability database in %s has schema %d and this build reads schema %d: fetch a matching one with imagegate db update", dir, meta.Version, trivydb.SchemaVersion), nil)
	}
	if meta.UpdatedAt.IsZero() {
		return gate.Database{}, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%s does not say when the database was made, so its age cannot be judged: fetch it again with imagegate db update", filepath.Join(dir, "metadata.json")), nil)
	}
	return gate.Database{Version: meta.Version, UpdatedAt: meta.UpdatedAt.UTC(), NextUpdate: meta.NextUpdate.UTC(), Digest: meta.Digest}, nil
}

func noDatabase(dir string, cause error) error {
	if errors.Is(cause, fs.ErrNotExist) {
		return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("there is no vulnerability database in %s: run imagegate db update, or name a directory with --db", dir), nil)
	}
	return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the vulnerability database in %s cannot be read", dir), cause)
}

func itoa(n int) string { return strconv.Itoa(n) }
