package main

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/report"
	"github.com/imagegate/imagegate/internal/scan"
	"github.com/imagegate/imagegate/internal/store"
)

// outputs are what --output of check takes: reports, and SBOM formats.
func outputs() []string { return append(report.Formats(), scan.SBOMFormats()...) }

func knownOutput(format string) bool { return slices.Contains(outputs(), format) }

func outputWords() string { return strings.Join(outputs(), ", ") }

// evidenceOf is a verdict with what it was decided on, where that is stored.
func evidenceOf(ctx context.Context, s *store.Store, v gate.Verdict) (report.Document, error) {
	d := report.Document{Verdict: v}
	if v.Evidence == "" {
		return d, nil
	}
	var err error
	d.Evidence, err = s.Evidence(ctx, v.Evidence)
	return d, err
}

// write writes a verdict as --output says. An SBOM of several platforms is one
// document after another.
func write(ctx context.Context, w io.Writer, format string, d report.Document, o report.Options) error {
	if !slices.Contains(scan.SBOMFormats(), format) {
		return report.Write(w, format, d, o)
	}
	if d.Evidence == nil || len(d.Evidence.Images) == 0 {
		return gate.NewError(gate.CodeNotFound, d.Verdict.Image+": nothing was scanned, so there is no SBOM", nil)
	}
	for i := range d.Evidence.Images {
		if err := scan.SBOM(ctx, w, format, d.Evidence, d.Evidence.Images[i].Platform); err != nil {
			return err
		}
	}
	return nil
}

// reports implements server.Reports over the store.
type reports struct{ store *store.Store }

// Report implements server.Reports.
func (r reports) Report(ctx context.Context, v gate.Verdict, format string) ([]byte, string, error) {
	d, err := evidenceOf(ctx, r.store, v)
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	if err := report.Write(&b, format, d, report.Options{All: true, Version: version}); err != nil {
		return nil, "", err
	}
	return b.Bytes(), report.MediaType(format), nil
}

// SBOM implements server.Reports.
func (r reports) SBOM(ctx context.Context, v gate.Verdict, format, platform string) ([]byte, string, error) {
	d, err := evidenceOf(ctx, r.store, v)
	if err != nil {
		return nil, "", err
	}
	if d.Evidence == nil {
		return nil, "", gate.NewError(gate.CodeNotFound, v.Digest+" was decided without a scan: evaluate it with full to know its packages", nil)
	}
	var b bytes.Buffer
	if err := scan.SBOM(ctx, &b, format, d.Evidence, platform); err != nil {
		return nil, "", err
	}
	mediaTypes := map[string]string{"cyclonedx": "application/vnd.cyclonedx+json", "spdx": "application/spdx+json"}
	return b.Bytes(), mediaTypes[format], nil
}
