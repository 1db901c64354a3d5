// Package vulndb fetches, checks and keeps vulnerability databases: Trivy's, as
// an OCI artifact or as a directory. It does not import Trivy.
//
// A store directory holds VERSION/trivy.db and VERSION/metadata.json, and a
// symbolic link "current" to the version in force, which is replaced in one
// step: a reader has the old database or the new one, never half of either.
package vulndb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/imagegate/imagegate/internal/gate"
)

// SchemaVersion is the schema of trivy-db this build reads.
const SchemaVersion = 2

// DefaultSources are where Trivy publishes its database, in the order tried.
func DefaultSources() []string {
	return []string{"mirror.gcr.io/aquasec/trivy-db:2", "ghcr.io/aquasecurity/trivy-db:2"}
}

// The names in a database directory.
const (
	databaseFile = "trivy.db"
	metadataFile = "metadata.json"
	currentLink  = "current"
)

// Metadata is metadata.json: Trivy's fields, and the digest of the artifact
// the database came from, which we add.
type Metadata struct {
	Version      int       `json:"Version"`
	NextUpdate   time.Time `json:"NextUpdate"`
	UpdatedAt    time.Time `json:"UpdatedAt"`
	DownloadedAt time.Time `json:"DownloadedAt"`
	Digest       string    `json:"Digest,omitempty"`
}

// Status is what is known of a database on disk.
type Status struct {
	Metadata
	Dir  string
	Size int64 // of trivy.db, bytes
}

// Current is the directory of the database in force in a store.
func Current(store string) string { return filepath.Join(store, currentLink) }

// Read returns the status of the database in dir, without opening it. The
// error is CodeUnavailable and says how to get a database.
func Read(dir string) (Status, error) {
	s := Status{Dir: dir}
	data, err := os.ReadFile(filepath.Join(dir, metadataFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("there is no vulnerability database in %s: run imagegate db update, or name a directory with --db", dir), nil)
	}
	if err == nil {
		err = json.Unmarshal(data, &s.Metadata)
	}
	if err != nil {
		return s, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%s cannot be read: run imagegate db update", filepath.Join(dir, metadataFile)), err)
	}
	info, err := os.Stat(filepath.Join(dir, databaseFile))
	if err != nil {
		return s, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%s has metadata and no %s: run imagegate db update", dir, databaseFile), err)
	}
	s.Size = info.Size()
	return s, nil
}

// Check opens the database in dir and looks whether it can be what it says:
// the right schema, a bolt file, advisories in it.
func Check(dir string) (Status, error) {
	s, err := Read(dir)
	if err != nil {
		return s, err
	}
	if s.Version != SchemaVersion {
		return s, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the database in %s has schema %d and this build reads schema %d", dir, s.Version, SchemaVersion), nil)
	}
	if s.UpdatedAt.IsZero() {
		return s, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the database in %s does not say when it was made", dir), nil)
	}
	db, err := openBolt(filepath.Join(dir, databaseFile))
	if err != nil {
		return s, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%s is damaged or no database", filepath.Join(dir, databaseFile)), err)
	}
	defer func() { _ = db.Close() }()
	err = db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("vulnerability"))
		if b == nil {
			return errors.New("it has no vulnerability bucket")
		}
		if k, _ := b.Cursor().First(); k == nil {
			return errors.New("it holds no vulnerability")
		}
		return nil
	})
	if err != nil {
		return s, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%s is not a vulnerability database", filepath.Join(dir, databaseFile)), err)
	}
	return s, nil
}

// openBolt opens a bolt file for reading. bbolt panics on some damaged files.
func openBolt(path string) (db *bolt.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("damaged: %v", r)
		}
	}()
	return bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: 5 * time.Second})
}
