package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// SARIF 2.1.0, as far as it is used here (OASIS sarif-v2.1.0, sections 3.13
// to 3.52).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID         string          `json:"id"`
		Name       string          `json:"name"`
		Short      sarifText       `json:"shortDescription"`
		Full       sarifText       `json:"fullDescription"`
		Help       sarifText       `json:"help"`
		Default    sarifLevel      `json:"defaultConfiguration"`
		Properties sarifProperties `json:"properties"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifProperties struct {
		// SecuritySeverity is how GitHub ranks results: a CVSS score.
		SecuritySeverity string   `json:"security-severity"`
		Tags             []string `json:"tags"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Kind         string            `json:"kind,omitempty"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Properties   map[string]any    `json:"properties,omitempty"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
	}
)

var sarifLevels = map[gate.Severity]struct{ level, score string }{
	gate.SeverityCritical: {"error", "9.5"}, gate.SeverityHigh: {"error", "8.0"}, gate.SeverityMedium: {"warning", "5.5"},
	gate.SeverityLow: {"note", "2.0"}, gate.SeverityInfo: {"note", "0.0"},
}

func writeSARIF(w io.Writer, findings []Finding, o ReportOptions) error {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "imagegate", Version: o.Version}}, Results: []sarifResult{}}
	index := map[string]int{}
	for i, c := range All() {
		index[c.ID] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: c.ID, Name: c.Name, Short: sarifText{c.Doc.What}, Full: sarifText{c.Doc.Why}, Help: sarifText{c.Doc.Fix},
			Default:    sarifLevel{sarifLevels[c.Severity].level},
			Properties: sarifProperties{SecuritySeverity: sarifLevels[c.Severity].score, Tags: append([]string{"security", "kubernetes"}, c.Doc.Controls...)},
		})
	}
	for _, f := range findings {
		run.Results = append(run.Results, f.sarif(index[f.Check]))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

func (f Finding) sarif(rule int) sarifResult {
	message := f.Message
	if f.Fix != "" {
		message += ". Fix: " + f.Fix
	}
	r := sarifResult{
		RuleID: f.Check, RuleIndex: rule, Level: sarifLevels[f.Severity].level, Message: sarifText{clean(f.subject() + ": " + message)},
		Fingerprints: map[string]string{"imagegate/v1": f.fingerprint()},
	}
	if f.Outcome == unknown {
		r.Kind, r.Level = "review", "none" // section 3.27.9: only failures have a level
	}
	if len(f.Patch) > 0 {
		r.Properties = map[string]any{"patch": f.Patch}
	}
	if f.Kind == "" {
		return r
	}
	location := sarifLocation{Logical: []sarifLogical{{clean(strings.TrimSpace(f.subject() + " " + f.Field))}}}
	if f.File != "" && f.File != "-" {
		location.Physical = &sarifPhysical{}
		location.Physical.Artifact.URI = (&url.URL{Path: filepath.ToSlash(f.File)}).String()
		if f.Line > 0 {
			location.Physical.Region = &sarifRegion{f.Line}
		}
	}
	r.Locations = []sarifLocation{location}
	return r
}

// fingerprint tells findings apart whatever line they move to.
func (f Finding) fingerprint() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Check, f.Kind, f.Namespace, f.Name, f.Container, f.Field}, "\x00")))
	return hex.EncodeToString(sum[:16])
}
