package report

import (
	"fmt"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// reached says how far the gate looked into a platform's image: it stops before
// the layers where what is cheap to know denies already.
func reached(p gate.PlatformVerdict, img *gate.ImageEvidence) (layers, scan bool) {
	if img != nil {
		return img.Contents != nil, img.Scan != nil
	}
	return p.UncompressedBytes != nil, p.Packages != nil
}

// unmade is why a check was not made of a platform's image; empty when it was.
func unmade(c *check.Check, p gate.PlatformVerdict, img *gate.ImageEvidence) string {
	layers, scan := reached(p, img)
	switch {
	case c.Tier == check.TierLayers && !layers:
		return "not reached: no layer was read"
	case c.Tier == check.TierScan && !scan:
		return "not reached: nothing was scanned"
	}
	return ""
}

// unseen is what was not looked at, in sentences. It is what a person must know
// who takes silence for health.
func unseen(d Document, p gate.PlatformVerdict) []string {
	img := d.image(p.Platform)
	layers, scan := reached(p, img)
	var out []string
	say := func(when bool, format string, args ...any) {
		if when {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	say(img == nil, "No evidence is stored with this verdict, so layers and packages are not shown.")
	say(!layers, "No layer was read: what is cheap to know denied the image already, or could not be fetched. Files, programs and the user's id are not known.")
	say(!scan, "Nothing was scanned: no package was looked up, so an absent vulnerability means nothing.")
	if img == nil {
		return out
	}
	say(img.Base == nil, "No base image was looked up.")
	say(img.Supply == nil, "Signatures and attestations of the image were not looked up.")
	if img.Supply != nil {
		say(len(img.Supply.Problems) > 0, "Some places of signatures and attestations could not be read: %s.", listed(img.Supply.Problems, 3))
		say(img.Supply.Truncated, "There were more attachments than are read.")
	}
	if c := img.Contents; c != nil {
		say(!c.Complete, "A layer could not be read to its end, so the facts cover only what was read.")
		say(len(c.Truncated) > 0, "Lists that were cut at their limit: %s.", listed(c.Truncated, 10))
	}
	if s := img.Scan; s != nil {
		say(s.OS == nil, "No distribution was recognised, so no package of one was looked up.")
		say(s.OS != nil && !s.OS.Supported, "The scanner has no data for this distribution, so its packages were not looked up.")
	}
	return out
}

// skipped are the children of an index that were not evaluated, in words.
func skipped(ev *gate.Evidence) []string {
	if ev == nil {
		return nil
	}
	var out []string
	attestations := 0
	for _, e := range ev.Index {
		switch {
		case e.Role == "attestation":
			attestations++
		case e.Skipped != "":
			out = append(out, fmt.Sprintf("%s: %s", short(e.Platform, 60), short(e.Skipped, 200)))
		case e.Role == "other":
			out = append(out, fmt.Sprintf("%s: no image", short(e.MediaType, 100)))
		}
	}
	if attestations > 0 {
		out = append(out, fmt.Sprintf("%s, which hold no program", plural(attestations, "attestation manifest")))
	}
	return out
}

// listed joins texts of others, cleaned and bounded.
func listed(texts []string, most int) string {
	out := ""
	for i, t := range texts {
		if i == most {
			return fmt.Sprintf("%s and %d more", out, len(texts)-most)
		}
		if i > 0 {
			out += ", "
		}
		out += short(t, 120)
	}
	return out
}

// languages counts packages that are not the distribution's, by kind, most
// first.
func languages(s *gate.Scan) []counted {
	family := ""
	if s.OS != nil {
		family = s.OS.Family
	}
	counts := map[string]int{}
	for _, p := range s.Packages {
		if p.Type != family {
			counts[p.Type]++
		}
	}
	var out []counted
	for kind, n := range counts {
		out = append(out, counted{short(kind, 40), n})
	}
	slices.SortFunc(out, func(a, b counted) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return slices.Compare([]byte(a.Name), []byte(b.Name))
	})
	return out
}

// counted is how often something occurs.
type counted struct {
	Name  string
	Count int
}
