package report

import (
	"github.com/imagegate/imagegate/internal/gate"
)

// layer is one layer as reports show it.
type layer struct {
	Index   int
	Digest  string // short
	DiffID  string
	Base    bool // it is the base image's
	Made    string
	Bytes   int64 // unpacked where known, else as pulled
	Files   int
	Read    bool // its files are known
	Deletes int
	Wasted  int64
	Adds    []gate.Addition
	Problem string
}

// layers are a platform's, base first: from what was read, else from the
// manifest.
func layers(img *gate.ImageEvidence) []layer {
	if img == nil {
		return nil
	}
	count := len(img.Manifest.Layers)
	if img.Contents != nil {
		count = max(count, len(img.Contents.Layers))
	}
	made := createdBy(img.Config)
	out := make([]layer, count)
	for i := range out {
		l := &out[i]
		l.Index = i
		if i < len(made) {
			l.Made = history(made[i], 300)
		}
		l.Base = img.Base != nil && i < img.Base.Layers && img.Base.Proof.Rank() >= gate.ProofMatched.Rank()
		if i < len(img.Config.DiffIDs) {
			l.DiffID = img.Config.DiffIDs[i]
		}
		if i < len(img.Manifest.Layers) {
			l.Digest, l.Bytes = img.Manifest.Layers[i].Digest, img.Manifest.Layers[i].Size
		}
		if img.Contents == nil || i >= len(img.Contents.Layers) {
			continue
		}
		e := img.Contents.Layers[i]
		l.Bytes, l.Files, l.Read, l.Deletes, l.Wasted, l.Adds = e.UncompressedBytes, e.Files, true, e.Deletes, e.Wasted, e.Adds
		if e.Problem != nil {
			l.Problem, l.Bytes = short(e.Problem.Message, 300), max(l.Bytes, e.CompressedBytes)
		}
	}
	return out
}

// createdBy are the history lines of all layers, in one pass; nil when the
// history does not account for exactly the layers there are.
func createdBy(c gate.Config) []string {
	var lines []string
	for _, h := range c.History {
		if !h.EmptyLayer {
			lines = append(lines, h.CreatedBy)
		}
	}
	if len(lines) != len(c.DiffIDs) {
		return nil
	}
	return lines
}
