package report

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// layersView draws a platform's layers to scale.
type layersView struct {
	Rows   []layerView
	More   string
	Legend string
	Label  string
	// Read is false when only the manifest is known.
	Read, HasBase, HasHidden bool
}

// layerView is a layer with its place in the drawings: of the stack, in
// thousandths, and of its own bar against the largest, in hundredths.
type layerView struct {
	layer
	Origin           string
	Size, WastedText string
	X, Width         string
	Bar, Hidden      string
	AddsText         []string
	Findings         []chip
	DiffIDText       string
}

func newLayersView(d Document, p gate.PlatformVerdict, img *gate.ImageEvidence, most int, room *budget) layersView {
	all := layers(img)
	if len(all) == 0 {
		return layersView{}
	}
	v := layersView{Read: img.Contents != nil}
	total, largest, own, based, bases := int64(0), int64(1), int64(0), int64(0), 0
	for _, l := range all {
		total += l.Bytes
		largest = max(largest, l.Bytes)
		if l.Base {
			based += l.Bytes
			bases++
		} else {
			own += l.Bytes
		}
	}
	v.Legend = fmt.Sprintf("%s, %s of the image's own", plural(len(all)-bases, "layer"), bytesText(own))
	if v.HasBase = bases > 0; v.HasBase {
		v.Legend = fmt.Sprintf("%s, %s of the base; %s", plural(bases, "layer"), bytesText(based), v.Legend)
	}
	v.Label = "Layers to scale: " + v.Legend
	on := placed(d.Verdict, p.Platform)
	x := 0.0
	for i, l := range all {
		row := layerView{layer: l, Size: bytesText(l.Bytes), Origin: "own", Findings: on[l.Index], DiffIDText: short(l.DiffID, 80)}
		if l.Base {
			row.Origin = "base"
		}
		width := 1000 * float64(l.Bytes) / float64(max(total, 1))
		row.X, row.Width = fmt.Sprintf("%.2f", x), fmt.Sprintf("%.2f", max(width-1.5, 0.6))
		x += width
		bar := 100 * float64(l.Bytes) / float64(largest)
		row.Bar = fmt.Sprintf("%.2f", max(bar, 0.4))
		if l.Wasted > 0 {
			v.HasHidden, row.WastedText = true, bytesText(l.Wasted)
			row.Hidden = fmt.Sprintf("%.2f", min(100*float64(l.Wasted)/float64(largest), bar))
		}
		for _, a := range l.Adds {
			row.AddsText = append(row.AddsText, fmt.Sprintf("%s: %s in %s", short(a.Path, 100), bytesText(a.Bytes), plural(a.Files, "file")))
		}
		if i == most || !room.spend(1200, append(row.AddsText, row.Made, row.Problem)...) {
			v.More = plural(len(all)-i, "further layer") + " not shown."
			break
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// placed counts findings by layer: those that deny or warn, by severity, worst
// first.
func placed(v gate.Verdict, platform string) map[int][]chip {
	counts := map[int]map[gate.Severity]int{}
	for _, f := range of(findings(v), platform) {
		if f.Layer == nil || (f.Standing != denied && f.Standing != warned) {
			continue
		}
		if counts[f.Layer.Index] == nil {
			counts[f.Layer.Index] = map[gate.Severity]int{}
		}
		counts[f.Layer.Index][f.Severity]++
	}
	out := map[int][]chip{}
	for i, bySeverity := range counts {
		for _, s := range severities {
			if n := bySeverity[s]; n > 0 {
				out[i] = append(out[i], chip{severityText(s), severityClass(s), n})
			}
		}
	}
	return out
}

var severities = []gate.Severity{gate.SeverityCritical, gate.SeverityHigh, gate.SeverityMedium, gate.SeverityLow, gate.SeverityInfo, gate.SeverityUnknown}
