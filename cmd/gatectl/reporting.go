package main

import (
	"bytes"
	"context"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

// The making of a CI's reports is bounded beyond --wait, and more tightly
// after an interrupt.
const (
	reportTime      = 2 * time.Minute
	interruptedTime = 3 * time.Second
)

// reporters are what --report-for takes.
func reporters() []string {
	names := []string{"auto"}
	for _, c := range systems() {
		names = append(names, c.name)
	}
	return append(names, "none")
}

// reporting makes the reports of one command.
type reporting struct {
	*api
	outcomes []outcome
	dir      string
	// full are the outcomes whose latest verdict at the gate is the one told.
	full []bool
}

// tellCI writes what the CI shows to people, if it is one of those known.
func (t *telling) tellCI(ctx context.Context, cmd *cobra.Command, a *api, outcomes []outcome) error {
	name := t.reportFor
	if name == "auto" {
		name = hereCI().name
	}
	var of ci
	for _, c := range systems() {
		if c.name == name {
			of = c
		}
	}
	if of.name == "" {
		return nil
	}
	r := &reporting{api: a, outcomes: outcomes, dir: t.reportDir, full: make([]bool, len(outcomes))}
	if r.dir == "" {
		r.dir = of.reportDir()
	}
	for i, out := range outcomes {
		if v := out.document(); isDigest(v.Digest) {
			known, err := a.image(ctx, v.Digest)
			r.full[i] = err == nil && known.Latest.ID == v.ID
		}
	}
	switch of.name {
	case "github":
		return r.github(ctx, rawStderr(cmd))
	case "gitlab":
		return r.files(ctx, map[string]string{"gl-container-scanning-report.json": "gitlab", "imagegate-junit.xml": "junit"})
	}
	files := map[string]string{"imagegate-junit.xml": "junit", "imagegate.md": "markdown"}
	if len(outcomes) == 1 {
		files["imagegate.html"] = "html"
	}
	return r.files(ctx, files)
}

// files writes reports by name and format.
func (r *reporting) files(ctx context.Context, formats map[string]string) error {
	for name, format := range formats {
		data, err := r.report(ctx, format)
		if err != nil {
			return err
		}
		if err := r.write(name, data); err != nil {
			return err
		}
	}
	return nil
}

func (r *reporting) write(name string, data []byte) error {
	if err := replaceFile(filepath.Join(r.dir, name), data, 0o644); err != nil {
		return gate.NewError(gate.CodeUnavailable, name+" cannot be written: name a directory with --report-dir, or none with --report-for none", err)
	}
	return nil
}

// report is one document about all images.
func (r *reporting) report(ctx context.Context, format string) ([]byte, error) {
	var docs [][]byte
	for i := range r.outcomes {
		docs = append(docs, r.one(ctx, i, format))
	}
	data, err := combine(format, docs)
	if err != nil {
		return nil, gate.NewError(gate.CodeInternal, "the "+format+" report cannot be made", err)
	}
	return data, nil
}

// one is the gate's own report, which tells of layers and packages too. Where
// that is about another verdict, or cannot be had, it is made from the verdict.
func (r *reporting) one(ctx context.Context, i int, format string) []byte {
	out := r.outcomes[i]
	if !r.full[i] {
		return out.local(format)
	}
	ctx, stop := r.once(ctx)
	defer stop()
	f := client.GetReportParamsFormat(format)
	resp, err := r.GetReport(ctx, out.verdict.Digest, &client.GetReportParams{Format: &f})
	var b bytes.Buffer
	if err := r.copy(&b, resp, err); err != nil {
		return out.local(format)
	}
	return b.Bytes()
}

// rawStderr is where commands for the CI go: past what makes all else inert.
func rawStderr(cmd *cobra.Command) func(string) {
	w := cmd.ErrOrStderr()
	if i, ok := w.(*inert); ok {
		return i.command
	}
	return func(line string) { _, _ = w.Write([]byte(line)) }
}
