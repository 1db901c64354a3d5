//go:build goexperiment.jsonv2

package scan

import (
	"slices"

	"github.com/aquasecurity/trivy/pkg/fanal/analyzer"

	// The analyzers register themselves. The list is narrow on purpose:
	// misconfiguration, licence and lock file analyzers judge source trees,
	// not images (trivy image leaves them out as well).
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/buildinfo"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/conda/meta"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/dotnet/deps"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/dotnet/nuget"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/dotnet/packagesprops"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/golang/binary"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/julia/pkg"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/nodejs/pkg"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/php/composer"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/python/packaging"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/ruby/gemspec"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/rust/binary"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/rust/cargo"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os/alpine"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os/amazonlinux"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os/debian"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os/redhatbase"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os/release"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os/ubuntu"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/pkg/apk"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/pkg/bottlerocket_inventory"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/pkg/dpkg"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/pkg/rpm"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/rapidfort"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/repo/apk"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/sbom"
	_ "github.com/aquasecurity/trivy/pkg/fanal/handler/sysfile"
)

// disabled are analyzers that come with the packages above and that do not
// belong to an image's verdict: lock files (they say what was meant to be
// installed), apk commands of the author's history, archives of rpm files,
// and licences.
func disabled() []analyzer.Type {
	return slices.Concat(analyzer.TypeLockfiles, analyzer.TypeConfigFiles, []analyzer.Type{
		analyzer.TypeApkCommand, analyzer.TypeRpmArchive, analyzer.TypeDpkgLicense,
		analyzer.TypeLicenseFile, analyzer.TypeExecutable, analyzer.TypeHistoryDockerfile, analyzer.TypeSecret,
	})
}

// newGroup makes the analyzer group of one layer. The group takes its logger
// from slog's default when it is made, which is how the layer's collector
// comes to hear of errors that Trivy would drop (see logs.go).
func newGroup(c *collector) (analyzer.AnalyzerGroup, error) {
	var group analyzer.AnalyzerGroup
	err := withDefaultLogger(c, func() error {
		var err error
		group, err = analyzer.NewAnalyzerGroup(analyzer.AnalyzerOptions{
			Group: analyzer.GroupBuiltin, Parallel: 2, DisabledAnalyzers: disabled(),
		})
		return err
	})
	return group, err
}
