//go:build goexperiment.jsonv2

package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/package-url/packageurl-go"

	ftypes "github.com/aquasecurity/trivy/pkg/fanal/types"
	"github.com/aquasecurity/trivy/pkg/sbom/cyclonedx"
	"github.com/aquasecurity/trivy/pkg/sbom/spdx"
	"github.com/aquasecurity/trivy/pkg/scan/langpkg"
	"github.com/aquasecurity/trivy/pkg/types"

	"github.com/imagegate/imagegate/internal/gate"
)

// SBOMFormats are the formats SBOM writes: CycloneDX 1.6 and SPDX 2.3, both as
// JSON.
func SBOMFormats() []string { return []string{"cyclonedx", "spdx"} }

// SBOM writes the bill of materials of one platform's image from its evidence,
// through Trivy's marshalers. platform may be empty where there is one image.
// Errors are CodeInvalid for a format or platform there is not, and
// CodeNotFound where the evidence holds no packages because nothing was
// scanned.
func SBOM(ctx context.Context, w io.Writer, format string, ev *gate.Evidence, platform string) error {
	img, err := choose(ev, platform)
	if err != nil {
		return err
	}
	if img.Scan == nil {
		return gate.NewError(gate.CodeNotFound, fmt.Sprintf("%s was decided without a scan: evaluate it with full to know its packages", ev.Reference), nil)
	}
	report := trivyReport(ev, img)
	switch format {
	case "cyclonedx":
		m := cyclonedx.NewMarshaler(TrivyVersion)
		bom, err := m.MarshalReport(ctx, report)
		if err != nil {
			return gate.NewError(gate.CodeInternal, "the SBOM cannot be made", err)
		}
		e := cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON).SetPretty(true)
		return e.EncodeVersion(bom, cdx.SpecVersion1_6)
	case "spdx":
		document, err := spdx.NewMarshaler(TrivyVersion).MarshalReport(ctx, report)
		if err != nil {
			return gate.NewError(gate.CodeInternal, "the SBOM cannot be made", err)
		}
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(document)
	}
	return gate.NewError(gate.CodeInvalid, fmt.Sprintf("%.100q is not an SBOM format: choose one of %s", format, strings.Join(SBOMFormats(), ", ")), nil)
}

// choose finds the image of a platform.
func choose(ev *gate.Evidence, platform string) (*gate.ImageEvidence, error) {
	var have []string
	for i := range ev.Images {
		if ev.Images[i].Platform == platform || (platform == "" && len(ev.Images) == 1) {
			return &ev.Images[i], nil
		}
		have = append(have, ev.Images[i].Platform)
	}
	if platform == "" {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s has images for %s: name one platform", ev.Reference, strings.Join(have, ", ")), nil)
	}
	return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s has no image for %.100q that was evaluated; it has %s", ev.Reference, platform, strings.Join(have, ", ")), nil)
}

// trivyReport is the evidence as Trivy's marshalers take it.
func trivyReport(ev *gate.Evidence, img *gate.ImageEvidence) types.Report {
	r := types.Report{
		SchemaVersion: 2, ArtifactName: ev.Reference.Name, ArtifactType: ftypes.TypeContainerImage,
		Metadata: types.Metadata{ImageID: img.Manifest.Config.Digest, DiffIDs: img.Config.DiffIDs},
	}
	if ev.Reference.Repository != "" {
		r.Metadata.RepoDigests = []string{ev.Reference.Repository + "@" + img.Digest}
		if ev.Reference.Tag != "" {
			r.Metadata.RepoTags = []string{ev.Reference.Repository + ":" + ev.Reference.Tag}
		}
	}
	r.Metadata.ImageConfig.Architecture = img.Config.Architecture
	r.Metadata.ImageConfig.OS = img.Config.OS
	family := ""
	if os := img.Scan.OS; os != nil {
		family = os.Family
		r.Metadata.OS = &ftypes.OS{Family: ftypes.OSType(os.Family), Name: os.Name}
	}
	r.Results = results(img, family)
	return r
}

// results group packages as Trivy does: the distribution's, those of a kind that
// stand by themselves, and those of one file.
func results(img *gate.ImageEvidence, family string) types.Results {
	var out types.Results
	at := map[string]int{}
	for i, p := range img.Scan.Packages {
		result := types.Result{Class: types.ClassLangPkg, Type: ftypes.TargetType(p.Type), Target: p.Path}
		aggregated, standsAlone := langpkg.PkgTargets[ftypes.LangType(p.Type)]
		switch {
		case family != "" && p.Type == family:
			result.Class, result.Target = types.ClassOSPkg, family
		case standsAlone:
			result.Target = aggregated
		}
		key := string(result.Class) + "\x00" + p.Type + "\x00" + result.Target
		n, ok := at[key]
		if !ok {
			n = len(out)
			at[key] = n
			out = append(out, result)
		}
		pkg := toTrivyPackage(img, p, i)
		if result.Target == p.Path {
			pkg.FilePath = ""
		}
		out[n].Packages = append(out[n].Packages, pkg)
	}
	return out
}

func toTrivyPackage(img *gate.ImageEvidence, p gate.Package, index int) ftypes.Package {
	out := ftypes.Package{Name: p.Name, Version: p.Version, Licenses: slices.Clone(p.Licenses), FilePath: strings.TrimPrefix(p.Path, "/")}
	out.Identifier.UID = strconv.Itoa(index)
	if purl, err := packageurl.FromString(p.PURL); err == nil {
		out.Identifier.PURL = &purl
	}
	if p.Layer >= 0 && p.Layer < len(img.Config.DiffIDs) {
		out.Layer.DiffID = img.Config.DiffIDs[p.Layer]
		if p.Layer < len(img.Manifest.Layers) {
			out.Layer.Digest = img.Manifest.Layers[p.Layer].Digest
		}
	}
	return out
}
