//go:build goexperiment.jsonv2

package scan

import (
	"bytes"
	"io"
	"path"
	"strings"

	"github.com/aquasecurity/trivy/pkg/fanal/secret"
	"github.com/aquasecurity/trivy/pkg/fanal/utils"
	xio "github.com/aquasecurity/trivy/pkg/x/io"

	"github.com/imagegate/imagegate/internal/gate"
)

// secretsVersion is part of the layer cache's key: raise it when this file
// finds other things.
const secretsVersion = 1

// minSecretFile is Trivy's lower bound of a file worth scanning, in bytes.
const minSecretFile = 10

// secretScanner finds credentials with Trivy's rules in every file of every
// layer. Trivy's path allow-lists and skip patterns are off: they would hide
// whole trees (usr/lib, node_modules, test) from the gate.
type secretScanner struct {
	scanner   secret.Scanner
	prefilter *prefilter
}

func newSecretScanner() *secretScanner {
	s := &secretScanner{scanner: secret.NewScanner(&secret.Config{SkipPatterns: &[]string{}})}
	s.scanner.AllowRules = withoutPaths(s.scanner.AllowRules)
	words, expressions := make([][]string, len(s.scanner.Rules)), make([]string, len(s.scanner.Rules))
	for i := range s.scanner.Rules {
		rule := &s.scanner.Rules[i]
		rule.AllowRules = withoutPaths(rule.AllowRules)
		words[i], expressions[i] = rule.Keywords, rule.Regex.String()
	}
	s.prefilter = newPrefilter(words, expressions)
	return s
}

// withoutPaths keeps what allow rules say about a match and drops what they
// say about paths.
func withoutPaths(rules secret.AllowRules) secret.AllowRules {
	var kept secret.AllowRules
	for _, r := range rules {
		if r.Regex != nil {
			r.Path = nil
			kept = append(kept, r)
		}
	}
	return kept
}

// worth reports whether a file of this name, size and beginning is scanned:
// text files, and compiled Python, which keeps literals as text. head is the
// file's first 300 bytes or all of it.
func (s *secretScanner) worth(name string, size int64, head []byte) bool {
	if size < minSecretFile {
		return false
	}
	if path.Ext(name) == ".pyc" {
		return true
	}
	return !isBinary(head)
}

// isBinary is Trivy's test (utils.IsBinary) on bytes at hand.
func isBinary(head []byte) bool {
	binary, err := utils.IsBinary(bytes.NewReader(head), int64(len(head)))
	return err != nil || binary
}

// scan finds the secrets of one file. Layer and Deleted are the caller's to set.
func (s *secretScanner) scan(name string, content xio.ReadSeekerAt) ([]gate.Secret, error) {
	candidates, err := s.prefilter.rules(content)
	if err != nil || len(candidates) == 0 {
		return nil, err
	}
	rules := make([]secret.Rule, len(candidates))
	for i, r := range candidates {
		rules[i] = s.scanner.Rules[r]
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	binary := path.Ext(name) == ".pyc"
	var text io.Reader = content
	if binary {
		printable, err := utils.ExtractPrintableBytes(content)
		if err != nil {
			return nil, err
		}
		text = bytes.NewReader(printable)
	}
	global := *s.scanner.Global
	global.Rules = rules
	scanner := s.scanner
	scanner.Global = &global
	found := scanner.Scan(secret.ScanArgs{FilePath: "/" + strings.TrimPrefix(name, "/"), Content: text, Binary: binary})
	var secrets []gate.Secret
	for _, f := range found.Findings {
		severity, err := gate.ParseSeverity(f.Severity)
		if err != nil {
			severity = gate.SeverityUnknown
		}
		secrets = append(secrets, gate.Secret{
			RuleID: f.RuleID, Category: string(f.Category), Title: f.Title, Severity: severity,
			Path: "/" + strings.TrimPrefix(name, "/"), Line: f.StartLine, Match: bounded(f.Match, 160),
		})
	}
	return secrets, nil
}
