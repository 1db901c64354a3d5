//go:build goexperiment.jsonv2

package scan

import (
	"archive/zip"
	"bytes"
	"crypto/sha1" //nolint:gosec // the Java database is keyed by it
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	javadb "github.com/aquasecurity/trivy-java-db/pkg/db"
	javatypes "github.com/aquasecurity/trivy-java-db/pkg/types"
	"github.com/aquasecurity/trivy/pkg/fanal/analyzer"

	"github.com/imagegate/imagegate/internal/gate"
)

// bareArchive is a Java archive that says nothing of itself.
func bareArchive(t *testing.T, class string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(class + ".class")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("class")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// javaDatabaseOf makes a Java database that knows archives by their bytes.
func javaDatabaseOf(t *testing.T, known map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	db, err := javadb.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Init(); err != nil {
		t.Fatal(err)
	}
	for artifact, body := range known {
		sum := sha1.Sum(body) //nolint:gosec // as above
		err := db.InsertIndexes([]javatypes.Index{{GroupID: "org.example", ArtifactID: artifact, Version: "1.2.3", SHA1: sum[:], ArchiveType: javatypes.JarType}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	meta, err := json.Marshal(map[string]any{"Version": 1, "UpdatedAt": time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "metadata.json"), meta, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestArchivesWithoutCoordinatesAreLookedUp(t *testing.T) {
	known, unknown := bareArchive(t, "Known"), bareArchive(t, "Unknown")
	root := t.TempDir()
	for name, body := range map[string][]byte{"known.jar": known, "unknown.jar": unknown} {
		if err := os.WriteFile(filepath.Join(root, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	look := func() (names []string, gap string) {
		t.Helper()
		r, err := jarAnalyzer{}.PostAnalyze(t.Context(), analyzer.PostAnalysisInput{FS: os.DirFS(root)})
		if err != nil {
			t.Fatal(err)
		}
		for _, app := range r.Applications {
			for _, p := range app.Packages {
				names = append(names, p.Name+" "+p.Version)
			}
		}
		for _, c := range r.CustomResources {
			gap = c.Type + " " + c.Data.(string)
		}
		return names, gap
	}
	if names, gap := look(); len(names) != 0 || !strings.HasPrefix(gap, "java-db-absent 2 ") {
		t.Errorf("without a database: %v, %q", names, gap)
	}
	db, err := openJavaDatabase(javaDatabaseOf(t, map[string][]byte{"known": known}))
	if err != nil {
		t.Fatal(err)
	}
	javaInForce.Store(db)
	t.Cleanup(func() { javaInForce.Store(nil); _ = db.db.Close() })
	if names, gap := look(); strings.Join(names, ",") != "org.example:known 1.2.3" || !strings.HasPrefix(gap, "java-archive-unknown 1 ") {
		t.Errorf("with a database: %v, %q", names, gap)
	}
}

func TestAJavaDatabaseThatCannotBeUsedIsAnError(t *testing.T) {
	good := javaDatabaseOf(t, nil)
	for name, spoil := range map[string]func(dir string) error{
		"no metadata":         func(dir string) error { return os.Remove(filepath.Join(dir, "metadata.json")) },
		"metadata of nothing": func(dir string) error { return os.WriteFile(filepath.Join(dir, "metadata.json"), []byte("{}"), 0o600) },
		"no database":         func(dir string) error { return os.Remove(filepath.Join(dir, "trivy-java.db")) },
		"bytes of another kind": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "trivy-java.db"), bytes.Repeat([]byte("x"), 5000), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := openJavaDatabase(dir); gate.CodeOf(err) != gate.CodeUnavailable || !strings.Contains(err.Error(), "--java-db") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
