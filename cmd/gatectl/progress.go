package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/imagegate/imagegate/internal/gate"
)

// progress tells a person how far things are: on a terminal in one line that
// is written over, elsewhere with one line for each step.
type progress struct {
	w    io.Writer
	live bool

	mu    sync.Mutex        // guards w and what was written
	shown bool              // a terminal's line is there
	steps map[string]string // the line last written about each thing
}

func newProgress(w io.Writer) *progress {
	return &progress{w: w, live: terminal(w), steps: map[string]string{}}
}

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
	p.about(image, image+": "+step)
}

// line shows a step, once.
func (p *progress) line(step string) { p.about("", step) }

func (p *progress) about(thing, step string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if step = printable(step); step == p.steps[thing] {
		return
	}
	p.steps[thing] = step
	if p.live {
		p.shown = true
		fmt.Fprintf(p.w, "\r\x1b[K%s", short(step, 110))
		return
	}
	fmt.Fprintln(p.w, step)
}

// clear removes the line of a terminal.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live && p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	p.shown = false
}

// notices writes what is being waited for, and the same thing once.
func notices(w io.Writer) func(string) {
	var mu sync.Mutex
	last := ""
	return func(s string) {
		mu.Lock()
		defer mu.Unlock()
		if s != last {
			fmt.Fprintln(w, "gatectl:", s)
		}
		last = s
	}
}
