//go:build goexperiment.jsonv2

package scan

import (
	"context"
	"slices"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/aquasecurity/trivy/pkg/detector/library"
	ftypes "github.com/aquasecurity/trivy/pkg/fanal/types"
	"github.com/aquasecurity/trivy/pkg/scan/langpkg"
	"github.com/aquasecurity/trivy/pkg/types"
)

// maxRemembered bounds how many packages' findings are kept in memory.
const maxRemembered = 50_000

// languages looks packages of languages up, each kind, name and version once:
// images share most of theirs, and comparing versions with hundreds of
// advisories is what costs. It belongs to one database.
type languages struct {
	found *lru.Cache[packageKey, []types.DetectedVulnerability]
}

type packageKey struct {
	kind          ftypes.LangType
	name, version string
}

func newLanguages() *languages {
	cache, err := lru.New[packageKey, []types.DetectedVulnerability](maxRemembered)
	if err != nil {
		panic("scan: " + err.Error()) // the size is a constant above zero
	}
	return &languages{cache}
}

// detect does what langpkg.Scan does for vulnerabilities: one result for each
// application, with its packages in order.
func (l *languages) detect(ctx context.Context, apps []ftypes.Application) (types.Results, error) {
	var results types.Results
	for _, app := range apps {
		result := types.Result{Target: app.FilePath, Class: types.ClassLangPkg, Type: app.Type}
		if app.FilePath == "" {
			result.Target = langpkg.PkgTargets[app.Type]
		}
		for i := range app.Packages {
			vulnerabilities, err := l.lookUp(ctx, app.Type, &app.Packages[i])
			if err != nil {
				return nil, err
			}
			result.Vulnerabilities = append(result.Vulnerabilities, vulnerabilities...)
		}
		if len(result.Vulnerabilities) > 0 {
			results = append(results, result)
		}
	}
	return results, nil
}

// lookUp asks Trivy about a package, or remembers what it said.
func (l *languages) lookUp(ctx context.Context, kind ftypes.LangType, p *ftypes.Package) ([]types.DetectedVulnerability, error) {
	key := packageKey{kind, p.Name, p.Version}
	found, ok := l.found.Get(key)
	if !ok {
		var err error
		if found, err = library.Detect(ctx, kind, []ftypes.Package{{Name: p.Name, Version: p.Version}}); err != nil {
			return nil, err
		}
		l.found.Add(key, found)
	}
	found = slices.Clone(found) // what is filled in below is this package's
	for i := range found {
		found[i].PkgID, found[i].PkgPath, found[i].Layer, found[i].PkgIdentifier = p.ID, p.FilePath, p.Layer, p.Identifier
	}
	return found, nil
}
