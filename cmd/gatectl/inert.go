package main

import (
	"bytes"
	"io"
	"sync"

	"github.com/spf13/cobra"
)

// GitHub's runner reads commands from what a step writes, on stdout and on
// stderr: a line that begins with "::" after white space, and "##[" anywhere in
// one. An image's author must not give any.
var (
	lineCommand = []byte("::")
	anyCommand  = []byte("##[")
)

// inertOutput has the program's output hold no command, where somebody reads
// them. flush writes what is left.
func inertOutput(root *cobra.Command, getenv func(string) string) (flush func()) {
	if getenv("GITHUB_ACTIONS") == "" {
		return func() {}
	}
	out, err := &inert{w: root.OutOrStdout(), form: outputForm(root)}, &inert{w: root.ErrOrStderr(), form: func() string { return "text" }}
	root.SetOut(out)
	root.SetErr(err)
	return func() {
		out.flush()
		err.flush()
	}
}

// inert passes lines on that hold no command.
type inert struct {
	w    io.Writer
	form func() string // the language of what is written

	mu   sync.Mutex // guards what follows
	rest []byte     // of a line that has not ended
	in   bool       // rest is not the line's beginning
}

// maxRest is how much of a line is kept back, in bytes.
const maxRest = 64 << 10

// Write implements io.Writer.
func (i *inert) Write(data []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rest = append(i.rest, data...)
	for {
		end := bytes.IndexByte(i.rest, '\n') + 1
		if end == 0 {
			break
		}
		if err := i.pass(end); err != nil {
			return 0, err
		}
		i.in = false
	}
	if len(i.rest) > maxRest { // what might begin "##[" stays
		if err := i.pass(len(i.rest) - 2); err != nil {
			return 0, err
		}
		i.in = true
	}
	return len(data), nil
}

func (i *inert) pass(n int) error {
	line := i.rest[:n]
	form := i.form()
	if !i.in && form != "json" && bytes.HasPrefix(bytes.TrimLeft(bytes.TrimSpace(line), "\ufeff"), lineCommand) {
		line = bytes.Replace(line, lineCommand, inertLines[form], 1)
	}
	line = bytes.ReplaceAll(line, anyCommand, inertForms[form])
	i.rest = bytes.Clone(i.rest[n:])
	_, err := i.w.Write(line)
	return err
}

func (i *inert) flush() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.rest) > 0 {
		_ = i.pass(len(i.rest))
	}
}

// inertForms say "##[" in each language so that it means the same to its
// readers, as far as they have a way, and inertLines the same of "::". No line
// of JSON begins with that.
var (
	inertForms = map[string][]byte{"text": []byte("## ["), "json": []byte(`##\u005b`), "xml": []byte("##&#91;")}
	inertLines = map[string][]byte{"text": []byte(": :"), "xml": []byte("&#58;:")}
)

// outputForm is the language of stdout, by the --output of the command that
// runs.
func outputForm(root *cobra.Command) func() string {
	form := "text"
	before := root.PersistentPreRunE
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		err := before(cmd, args)
		if f := cmd.Flags().Lookup("output"); f != nil {
			form = formOf(f.Value.String())
		}
		return err
	}
	return func() string { return form }
}

func formOf(output string) string {
	switch output {
	case "json", "sarif", "gitlab", "cyclonedx", "spdx":
		return "json"
	case "junit", "html":
		return "xml"
	}
	return "text"
}

// command writes a line that is a command, and ours.
func (i *inert) command(line string) {
	i.flush()
	i.mu.Lock()
	defer i.mu.Unlock()
	_, _ = io.WriteString(i.w, line)
}
