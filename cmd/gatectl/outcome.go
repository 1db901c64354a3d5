package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/report"
)

// outcome is what came of one image: a verdict, or why there is none.
type outcome struct {
	image   string
	verdict *gate.Verdict
	err     error
}

func (o outcome) status() int {
	if o.err != nil {
		return exitCode(o.err)
	}
	return o.verdict.ExitStatus()
}

// worst is the status that counts.
func worst(outcomes []outcome) int {
	status := exitPass
	for _, out := range outcomes {
		status = max(status, out.status())
	}
	return status
}

// document is the verdict, or one that says why there is none.
func (o outcome) document() gate.Verdict {
	if o.err == nil && o.verdict != nil {
		return *o.verdict
	}
	v := gate.Verdict{APIVersion: gate.APIVersion, Kind: gate.KindVerdict, Image: o.image, Decision: gate.Errored, Error: &gate.Failure{Code: gate.CodeOf(o.err), Message: "there is no verdict", Retryable: gate.Retryable(o.err)}}
	if o.err != nil {
		v.Error.Message = about(o.image, o.err)
	}
	return v
}

// show prints a verdict to stdout, and an error to stderr.
func (o outcome) show(cmd *cobra.Command, format string, further bool) {
	if o.err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "gatectl: %s\n", printable(about(o.image, o.err)))
		return
	}
	out := cmd.OutOrStdout()
	if further && (format == "table" || format == "markdown") {
		fmt.Fprintln(out)
	}
	_ = report.Write(out, format, report.Document{Verdict: *o.verdict}, report.Options{Color: colored(out), Version: version})
}

// about names the image where the message does not.
func about(image string, err error) string {
	if strings.Contains(err.Error(), image) {
		return err.Error()
	}
	return image + ": " + err.Error()
}

// word is a status for a list.
func word(status int) string {
	switch status {
	case exitPass:
		return "pass"
	case exitFail:
		return "fail"
	}
	return "undecided"
}

// sum writes how many images came out how, and which do not pass.
func sum(w io.Writer, outcomes []outcome) {
	count := map[string]int{}
	var b strings.Builder
	for _, out := range outcomes {
		is := word(out.status())
		count[is]++
		if is != "pass" {
			fmt.Fprintf(&b, "  %-9s  %s\n", is, printable(out.image))
		}
	}
	fmt.Fprintf(w, "%s: %d pass, %d fail, %d undecided\n%s", plural(len(outcomes), "image"), count["pass"], count["fail"], count["undecided"], b.String())
}

// writeDocuments writes the documents of what was decided to a file, if one is
// named.
func writeDocuments(name string, outcomes []outcome) error {
	if name == "" {
		return nil
	}
	if isDir(name) {
		name = filepath.Join(name, "verdict.json")
	}
	var b strings.Builder
	for _, out := range outcomes {
		if out.verdict == nil {
			continue
		}
		if err := report.Write(&b, "json", report.Document{Verdict: *out.verdict}, report.Options{}); err != nil {
			return err
		}
	}
	if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
		return gate.NewError(gate.CodeUnavailable, "the report "+name+" cannot be written: name another file with --report", err)
	}
	return nil
}
