package main

import (
	"fmt"
	"io"

	"github.com/imagegate/imagegate/internal/gate"
)

// progress tells a person how far things are: on a terminal in one line that
// is written over, elsewhere with one line for each step.
type progress struct {
	w    io.Writer
	live bool
	step string // the line last written
}

func newProgress(w io.Writer) *progress { return &progress{w: w, live: terminal(w)} }

// evaluation shows how far one is.
func (p *progress) evaluation(image string, e evaluation) {
	step := string(e.Progress.Step)
	if step == "" {
		step = string(e.State)
	}
	if e.Progress.Platform != "" {
		step += " " + e.Progress.Platform
	}
	if p.live && e.Progress.Step == gate.StepAnalyze && e.Progress.Total > 0 {
		step += fmt.Sprintf("  layer %d/%d  %.1f of %.1f MB", e.Progress.Layer, e.Progress.Layers, float64(e.Progress.Bytes)/1e6, float64(e.Progress.Total)/1e6)
	}
	p.line(image + ": " + step)
}

// line shows a step, once.
func (p *progress) line(step string) {
	if step = printable(step); step == p.step {
		return
	}
	p.step = step
	if p.live {
		fmt.Fprintf(p.w, "\r\x1b[K%s", short(step, 110))
		return
	}
	fmt.Fprintln(p.w, step)
}

// clear removes the line of a terminal.
func (p *progress) clear() {
	if p.live && p.step != "" {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	p.step = ""
}

// notices writes what is being waited for, and the same thing once.
func notices(w io.Writer) func(string) {
	last := ""
	return func(s string) {
		if s != last {
			fmt.Fprintln(w, "gatectl:", s)
		}
		last = s
	}
}
