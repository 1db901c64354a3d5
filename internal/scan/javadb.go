//go:build goexperiment.jsonv2

package scan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver trivy-java-db asks for by name

	javadb "github.com/aquasecurity/trivy-java-db/pkg/db"
	javatypes "github.com/aquasecurity/trivy-java-db/pkg/types"
	"github.com/aquasecurity/trivy/pkg/dependency/parser/java/jar"

	"github.com/imagegate/imagegate/internal/gate"
)

// javaDatabase names Java archives by their sha1 and by artifact id, as Trivy's
// Java database knows them.
type javaDatabase struct {
	db        javadb.DB
	updatedAt time.Time
}

// javaInForce is the process's Java database; nil: none. Trivy's registry of
// analyzers is global, and so is what our analyzer in it must reach.
var javaInForce atomic.Pointer[javaDatabase]

// openJavaDatabase opens trivy-java.db in dir. The error is CodeUnavailable and
// says what is wrong with it: a database that was named and cannot be used is
// not the same as none.
func openJavaDatabase(dir string) (*javaDatabase, error) {
	unusable := func(what string, cause error) error {
		return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the Java database in %s %s: name a directory that holds trivy-java.db and metadata.json with --java-db", dir, what), cause)
	}
	data, err := os.ReadFile(filepath.Join(dir, "metadata.json"))
	if err != nil {
		return nil, unusable("cannot be read", err)
	}
	var meta struct {
		Version   int       `json:"Version"`
		UpdatedAt time.Time `json:"UpdatedAt"`
	}
	if err := json.Unmarshal(data, &meta); err != nil {
		return nil, unusable("has metadata that cannot be read", err)
	}
	if meta.Version != javadb.SchemaVersion || meta.UpdatedAt.IsZero() {
		return nil, unusable(fmt.Sprintf("has schema %d and the date %s; this build reads schema %d", meta.Version, meta.UpdatedAt.Format(time.DateOnly), javadb.SchemaVersion), nil)
	}
	if _, err := os.Stat(filepath.Join(dir, "trivy-java.db")); err != nil {
		return nil, unusable("is not whole", err)
	}
	db, err := javadb.New(dir)
	if err != nil {
		return nil, unusable("cannot be opened", err)
	}
	if _, err := db.SelectIndexBySha1("00"); err != nil {
		return nil, unusable("cannot be read", err)
	}
	return &javaDatabase{db: db, updatedAt: meta.UpdatedAt.UTC()}, nil
}

// javaClient answers Trivy's parser of one archive. It remembers whether an
// answer was missing, and errors, which the parser drops.
type javaClient struct {
	database *javaDatabase // nil: none
	missed   bool
	err      error
}

// Exists implements jar.Client.
func (c *javaClient) Exists(groupID, artifactID string) (bool, error) {
	if c.database == nil {
		return false, nil
	}
	found, err := c.database.db.SelectIndexByArtifactIDAndGroupID(artifactID, groupID)
	c.err = cmp.Or(c.err, err)
	return found.ArtifactID != "", err
}

// SearchBySHA1 implements jar.Client.
func (c *javaClient) SearchBySHA1(sha1 string) (jar.Properties, error) {
	if c.database == nil {
		c.missed = true
		return jar.Properties{}, errNotInJavaDB
	}
	found, err := c.database.db.SelectIndexBySha1(sha1)
	if err != nil {
		c.err = cmp.Or(c.err, err)
		return jar.Properties{}, err
	}
	if found.ArtifactID == "" {
		c.missed = true
		return jar.Properties{}, errNotInJavaDB
	}
	return jar.Properties{GroupID: found.GroupID, ArtifactID: found.ArtifactID, Version: found.Version}, nil
}

// SearchByArtifactID implements jar.Client: the group under which most releases
// of the artifact are published; several may share its name.
func (c *javaClient) SearchByArtifactID(artifactID, version string) (string, error) {
	if c.database == nil {
		c.missed = true
		return "", errNotInJavaDB
	}
	found, err := c.database.db.SelectIndexesByArtifactIDAndFileType(artifactID, version, javatypes.JarType)
	if err != nil {
		c.err = cmp.Or(c.err, err)
		return "", err
	}
	releases := map[string]int{}
	for _, f := range found {
		releases[f.GroupID]++
	}
	groups := make([]string, 0, len(releases))
	for g := range releases {
		groups = append(groups, g)
	}
	if len(groups) == 0 {
		c.missed = true
		return "", errNotInJavaDB
	}
	slices.SortFunc(groups, func(a, b string) int { return cmp.Or(releases[b]-releases[a], cmp.Compare(a, b)) })
	return groups[0], nil
}
