//go:build goexperiment.jsonv2

package scan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/aquasecurity/trivy/pkg/dependency/parser/java/jar"
	"github.com/aquasecurity/trivy/pkg/fanal/analyzer"
	"github.com/aquasecurity/trivy/pkg/fanal/analyzer/language"
	"github.com/aquasecurity/trivy/pkg/fanal/types"
	"github.com/aquasecurity/trivy/pkg/parallel"
	xio "github.com/aquasecurity/trivy/pkg/x/io"
)

// jarVersion is the analyzer's version in cache keys.
const jarVersion = 1

// jarAnalyzer reads Java archives. An archive that says what it is
// (pom.properties, or a manifest and a conventional name) is recognised; any
// other is looked up in the Java database where there is one, and what is not
// found ends as a scan problem. Trivy's own analyzer skips all archives silently
// when the database is absent.
type jarAnalyzer struct{}

// registerJar adds the analyzer to Trivy's registry; once a process.
func registerJar() {
	analyzer.RegisterPostAnalyzer(analyzer.TypeJar, func(analyzer.AnalyzerOptions) (analyzer.PostAnalyzer, error) {
		return jarAnalyzer{}, nil
	})
}

func (jarAnalyzer) Type() analyzer.Type { return analyzer.TypeJar }
func (jarAnalyzer) Version() int        { return jarVersion }

// Required takes the four kinds of Java archive.
func (jarAnalyzer) Required(path string, _ fs.FileInfo) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jar", ".war", ".ear", ".par":
		return true
	}
	return false
}

// PostAnalyze parses every archive, nested ones included.
func (jarAnalyzer) PostAnalyze(ctx context.Context, input analyzer.PostAnalysisInput) (*analyzer.AnalysisResult, error) {
	var apps []types.Application
	var unidentified []string
	database := javaInForce.Load()
	onFile := func(path string, info fs.FileInfo, r xio.ReadSeekerAt) (*types.Application, error) {
		client := &javaClient{database: database}
		p := jar.NewParser(client, jar.WithSize(info.Size()), jar.WithFilePath(path))
		app, err := language.ParsePackage(ctx, types.Jar, path, r, p, false)
		if client.err != nil {
			return nil, fmt.Errorf("the Java database: %w", client.err)
		}
		if err != nil || (client.missed && (app == nil || len(app.Packages) == 0)) {
			unidentified = append(unidentified, "/"+path)
			return nil, ctx.Err()
		}
		return app, nil
	}
	onResult := func(app *types.Application) error {
		if app != nil {
			apps = append(apps, *app)
		}
		return nil
	}
	if err := parallel.WalkDir(ctx, input.FS, ".", 1, onFile, onResult); err != nil {
		return nil, err
	}
	result := &analyzer.AnalysisResult{Applications: apps}
	if len(unidentified) > 0 {
		// The result must reach the report as well as the gap.
		gap, why := javaGap, "there is no Java database to look them up in"
		if database != nil {
			gap, why = javaUnknown, "the Java database does not know them"
		}
		result.CustomResources = append(result.CustomResources, types.CustomResource{
			Type: gap, FilePath: unidentified[0],
			Data: fmt.Sprintf("%d Java archives are unreadable or carry no coordinates, and %s", len(unidentified), why),
		})
	}
	return result, nil
}

// These mark archives that could not be identified: without a database, and in
// spite of one. They are the kinds of the scan problems, too.
const (
	javaGap     = "java-db-absent"
	javaUnknown = "java-archive-unknown"
)

var errNotInJavaDB = errors.Join(jar.ArtifactNotFoundErr)
