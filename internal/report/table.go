package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// shown is how many findings of a list the table holds before it is cut.
const shown = 25

// printer writes lines, in colour if asked.
type printer struct {
	*bufio.Writer
	color bool
}

// The SGR codes the table uses.
const (
	bold   = "1"
	dim    = "2"
	red    = "1;31"
	green  = "1;32"
	yellow = "33"
)

func (p printer) paint(code, s string) string {
	if !p.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// table writes what a person needs to act: the decision, what the image is,
// and each finding with its place and its mend.
func table(w io.Writer, d Document, o Options) error {
	v := d.Verdict
	p := printer{Writer: bufio.NewWriter(w), color: o.Color}
	p.head(v)
	for _, platform := range v.Platforms {
		p.platform(platform)
	}
	if v.Error != nil {
		again := "trying again as it is will not help"
		if v.Error.Retryable {
			again = "it may pass if tried again"
		}
		fmt.Fprintf(p, "\n  %s\n  %s\n", clean(v.Error.Message), p.paint(dim, again))
	}
	p.list("denied", red, v.Violations, o.All)
	p.list("warned", yellow, v.Warnings, o.All)
	p.list("waived", dim, v.Waived, o.All)
	p.tail(v)
	return p.Flush()
}

func (p printer) head(v gate.Verdict) {
	word, code := strings.ToUpper(short(string(v.Decision), 20)), red
	if v.Decision == gate.Pass {
		code = green
	}
	fmt.Fprintf(p, "%s  %s\n", p.paint(code, word), p.paint(bold, clean(v.Image)))
	if v.Digest != "" {
		fmt.Fprintf(p, "  %s\n", clean(v.Digest))
	}
}

func (p printer) platform(pv gate.PlatformVerdict) {
	var parts []string
	if pv.OS != nil {
		parts = append(parts, strings.TrimSpace(pv.OS.Family+" "+pv.OS.Name))
	}
	if pv.Class != "" {
		parts = append(parts, string(pv.Class))
	}
	if pv.User != nil {
		parts = append(parts, "user "+userText(*pv.User))
	}
	if pv.Base != nil && pv.Base.Reference != "" {
		parts = append(parts, fmt.Sprintf("base %s (%s)", pv.Base.Reference, pv.Base.Proof))
	}
	parts = append(parts, plural(pv.Layers, "layer"))
	if pv.CompressedBytes != nil {
		size := bytesText(*pv.CompressedBytes)
		if pv.UncompressedBytes != nil {
			size += " (" + bytesText(*pv.UncompressedBytes) + " unpacked)"
		}
		parts = append(parts, size)
	}
	if pv.Packages != nil {
		parts = append(parts, plural(*pv.Packages, "package"))
	}
	fmt.Fprintf(p, "  %s  %s\n", clean(pv.Platform), clean(strings.Join(parts, ", ")))
	if advice := rebuild(pv.Base); advice != "" {
		fmt.Fprintf(p, "  %s\n", clean(advice))
	}
}

func userText(u gate.User) string {
	name := u.Configured
	if name == "" {
		name = "not set"
	}
	if u.UID == nil {
		return name
	}
	gid := "?"
	if u.GID != nil {
		gid = fmt.Sprint(*u.GID)
	}
	return fmt.Sprintf("%s (%d:%s)", name, *u.UID, gid)
}

func (p printer) list(title, code string, findings []gate.Violation, all bool) {
	if len(findings) == 0 {
		return
	}
	fmt.Fprintf(p, "\n%s\n", p.paint(code, fmt.Sprintf("%s (%d)", title, len(findings))))
	for i, f := range findings {
		if i == shown && !all {
			fmt.Fprintf(p, "  … and %d more: --output json has them all\n", len(findings)-shown)
			return
		}
		p.finding(f, code)
	}
}

func (p printer) finding(f gate.Violation, code string) {
	where := f.Platform
	if f.Rule != "" {
		where += "  rule " + f.Rule
	}
	if f.Origin != "" {
		where += "  from the " + f.Origin
	}
	fmt.Fprintf(p, "  %s %s  %s\n", p.paint(code, fmt.Sprintf("%-8s", clean(string(f.Severity)))), p.paint(bold, clean(f.Check)), p.paint(dim, clean(strings.TrimSpace(where))))
	fmt.Fprintf(p, "           %s\n", clean(f.Message))
	if f.Layer != nil {
		line := fmt.Sprintf("layer %d", f.Layer.Index)
		if f.Layer.CreatedBy != "" {
			line += ": " + history(f.Layer.CreatedBy, 90)
		}
		fmt.Fprintf(p, "           %s\n", p.paint(dim, line))
	}
	if f.Fix != "" {
		fmt.Fprintf(p, "           fix: %s\n", clean(f.Fix))
	}
	if f.Waiver != nil {
		fmt.Fprintf(p, "           %s\n", p.paint(dim, clean(fmt.Sprintf("waived by %s until %s: %s", f.Waiver.Owner, f.Waiver.Until(), f.Waiver.Reason))))
	}
}

func (p printer) tail(v gate.Verdict) {
	c := v.Counts
	if total := c.Critical + c.High + c.Medium + c.Low + c.Unknown; total > 0 {
		fmt.Fprintf(p, "\nvulnerabilities: %d critical, %d high, %d medium, %d low, %d unknown; %d of them have no fix\n", c.Critical, c.High, c.Medium, c.Low, c.Unknown, c.Unfixed)
	} else {
		fmt.Fprintln(p)
	}
	if len(v.Notes) > 0 {
		fmt.Fprintf(p, "%s only noted: --output json shows them\n", plural(len(v.Notes), "finding"))
	}
	line := "no policy was reached"
	if v.Policy.Name != "" {
		line = "policy " + v.Policy.Name
	}
	if v.Database != nil {
		line += ", vulnerability database of " + v.Database.UpdatedAt.Format("2006-01-02 15:04 MST")
	}
	switch v.Signature.State {
	case gate.Signed:
		line += ", signed"
	case gate.Refused:
		line += ", not signed: " + v.Signature.Reason
	}
	fmt.Fprintf(p, "%s\n", p.paint(dim, clean(line)))
}
