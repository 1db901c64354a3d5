package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/imagegate/imagegate/internal/gate"
)

// progressLine shows on a terminal what is being done, in one line that is
// written over; elsewhere it is silent.
type progressLine struct {
	w       io.Writer
	live    bool
	image   string
	mu      sync.Mutex
	started time.Time
	last    time.Time
	shown   bool
}

func newProgressLine(w io.Writer, image string) *progressLine {
	f, ok := w.(*os.File)
	return &progressLine{w: w, live: ok && term.IsTerminal(int(f.Fd())), image: image, started: time.Now()}
}

// report is a gate.Report.
func (p *progressLine) report(g gate.Progress) {
	if !p.live {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if g.Step == gate.StepAnalyze && now.Sub(p.last) < 80*time.Millisecond {
		return
	}
	p.last = now
	line := fmt.Sprintf("%s: %s", p.image, g.Step)
	if g.Step == gate.StepAnalyze && g.Total > 0 {
		rate := float64(g.Bytes) / max(now.Sub(p.started).Seconds(), 0.001)
		line = fmt.Sprintf("%s: layer %d/%d  %.1f of %.1f MB  %.1f MB/s", p.image, g.Layer, g.Layers, float64(g.Bytes)/1e6, float64(g.Total)/1e6, rate/1e6)
	}
	fmt.Fprintf(p.w, "\r\x1b[K%.*s", 110, line)
	p.shown = true
}

// clear removes the line.
func (p *progressLine) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// colored reports whether output to w should have colour: a terminal, and no
// NO_COLOR (https://no-color.org).
func colored(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}
