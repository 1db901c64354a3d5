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

// jarAnalyzer reads Java archives without the Java database: an archive that
// says what it is (pom.properties, or a manifest and a conventional name) is
// recognised, any other is an error, which ends as a scan problem. Trivy's own
// analyzer skips all archives silently when the database is absent.
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
	onFile := func(path string, info fs.FileInfo, r xio.ReadSeekerAt) (*types.Application, error) {
		client := &noJavaDB{}
		p := jar.NewParser(client, jar.WithSize(info.Size()), jar.WithFilePath(path))
		app, err := language.ParsePackage(ctx, types.Jar, path, r, p, false)
		if err != nil || (client.asked && (app == nil || len(app.Packages) == 0)) {
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
		result.CustomResources = append(result.CustomResources, types.CustomResource{
			Type: javaGap, FilePath: unidentified[0],
			Data: fmt.Sprintf("%d Java archives are unreadable or carry no coordinates, and there is no Java database to look them up in", len(unidentified)),
		})
	}
	return result, nil
}

// javaGap marks archives that could not be identified.
const javaGap = "imagegate-java-gap"

// noJavaDB answers as an empty Java database does, and remembers being asked.
type noJavaDB struct{ asked bool }

var errNotInJavaDB = errors.Join(jar.ArtifactNotFoundErr)

func (c *noJavaDB) Exists(string, string) (bool, error) { return false, nil }

func (c *noJavaDB) SearchBySHA1(string) (jar.Properties, error) {
	c.asked = true
	return jar.Properties{}, errNotInJavaDB
}

func (c *noJavaDB) SearchByArtifactID(string, string) (string, error) {
	c.asked = true
	return "", errNotInJavaDB
}
