package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxComment is how long a comment is at most. GitHub refuses 65,536
// characters; the rest is for what a pipeline adds.
const maxComment = 58_000

// comment is Markdown of bounded length.
type comment struct{ bytes.Buffer }

// fits writes a part if there is room for it and for keep bytes after it.
func (c *comment) fits(part string, keep int) bool {
	if c.Len()+len(part)+keep > maxComment {
		return false
	}
	c.WriteString(part)
	return true
}

// markdown writes a comment for a pull request: the verdict, what denies and
// how to mend it; everything else is folded.
func markdown(w io.Writer, d Document, _ Options) error {
	v := d.Verdict
	c := &comment{}
	fmt.Fprintf(c, "## %s %s: %s\n\n", mark(v.Decision), strings.ToUpper(escape(short(string(v.Decision), 20))), code(v.Image, 300))
	c.WriteString(escape(sentence(v)) + "\n")
	if v.Error != nil {
		fmt.Fprintf(c, "\n> %s\n", escape(short(v.Error.Message, 1000)))
	}
	c.facts(v)
	c.steps(v)
	all := findings(v)
	c.list("What denies", false, only(all, denied))
	c.list("Warnings", true, only(all, warned))
	c.list("Waived", true, only(all, waived))
	c.list("Only noted", true, only(all, noted))
	c.fits("\n"+escape(origin(v))+"\n", 0)
	_, err := w.Write(c.Bytes())
	return err
}

func mark(d gate.Decision) string {
	switch d {
	case gate.Pass:
		return "✅"
	case gate.Fail:
		return "❌"
	}
	return "⚠️"
}

func only(all []finding, s standing) []finding {
	return slices.DeleteFunc(slices.Clone(all), func(f finding) bool { return f.Standing != s })
}

// sentence is the verdict in words.
func sentence(v gate.Verdict) string {
	var text string
	switch v.Decision {
	case gate.Pass:
		text = "The image may ship."
	case gate.Fail:
		text = fmt.Sprintf("The image may not ship: %s.", plural(len(v.Violations), "violation"))
	default:
		text = "There is no decision."
		if v.Error != nil && v.Error.Retryable {
			text += " It may be there if asked again."
		}
	}
	for _, part := range []struct {
		n    int
		word string
	}{{len(v.Warnings), "warning"}, {len(v.Waived), "waived finding"}, {len(v.Notes), "note"}} {
		if part.n > 0 {
			text += fmt.Sprintf(" %s.", plural(part.n, part.word))
		}
	}
	return text
}

// origin is by what the verdict was made.
func origin(v gate.Verdict) string {
	text := "No policy was reached"
	if v.Policy.Name != "" {
		text = "Policy " + short(v.Policy.Name, 100)
	}
	if v.Database != nil {
		text += ", vulnerability database of " + v.Database.UpdatedAt.UTC().Format("2006-01-02 15:04 MST")
	}
	if e := v.Exploits; e != nil {
		text += fmt.Sprintf(", %d exploited vulnerabilities of %s", e.Count, strings.TrimSpace(short(e.Name, 80)+" "+day(e.UpdatedAt)))
	}
	if !v.DecidedAt.IsZero() {
		text += ", decided " + v.DecidedAt.UTC().Format("2006-01-02 15:04 MST")
	}
	switch v.Signature.State {
	case gate.Signed:
		text += ", signed"
	case gate.Refused:
		text += ", not signed: " + short(v.Signature.Reason, 300)
	}
	return text + "."
}

func (c *comment) facts(v gate.Verdict) {
	if !strings.Contains(v.Image, v.Digest) {
		fmt.Fprintf(c, "\n%s\n", code(v.Digest, 100))
	}
	if len(v.Platforms) == 0 {
		return
	}
	c.WriteString("\n| platform | system | class | user | base | size | packages |\n|---|---|---|---|---|---|---|\n")
	for i, p := range v.Platforms {
		f := factsOf(p)
		line := fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", escape(f.Platform), escape(f.OS), escape(f.Class), escape(f.User), escape(f.Base), escape(f.Size), escape(f.Packages))
		if !c.fits(line, maxComment-16_000) {
			fmt.Fprintf(c, "\n… and %s more\n", plural(len(v.Platforms)-i, "platform"))
			break
		}
	}
	for _, p := range v.Platforms {
		if advice := rebuild(p.Base); advice != "" {
			c.fits(fmt.Sprintf("\n**Base image** (%s): %s\n", escape(short(p.Platform, 60)), escape(short(advice, 600))), maxComment-24_000)
		}
	}
}

func (c *comment) steps(v gate.Verdict) {
	const most = 8
	todo := slices.DeleteFunc(steps(v), func(s step) bool { return s.Mends() == "" })
	for i, s := range todo {
		if i == 0 {
			c.WriteString("\n### What to do first\n\n")
		}
		about := s.About
		if about != "" {
			about = " (" + about + ")"
		}
		if i == most || !c.fits(fmt.Sprintf("%d. %s: %s%s\n", i+1, escape(s.Do), s.Mends(), escape(about)), maxComment-34_000) {
			fmt.Fprintf(c, "\n… and %s.\n", plural(len(todo)-i, "further fix"))
			break
		}
	}
}

// list writes a table of findings, worst first, as long as there is room.
func (c *comment) list(title string, folded bool, found []finding) {
	if len(found) == 0 {
		return
	}
	worst := slices.Clone(found)
	slices.SortStableFunc(worst, func(a, b finding) int { return b.Severity.Rank() - a.Severity.Rank() })
	head, tail := fmt.Sprintf("\n### %s (%d)\n\n", title, len(found)), ""
	if folded {
		head, tail = fmt.Sprintf("\n<details>\n<summary>%s (%d)</summary>\n\n", title, len(found)), "\n</details>\n"
	}
	head += "| severity | check | what | where | fix |\n|---|---|---|---|---|\n"
	// Room for the end of this list, for the other headings and the last line.
	const keep = 6000
	if !c.fits(head, keep) {
		c.fits(fmt.Sprintf("\n%s: %d, left out for want of room.\n", title, len(found)), 0)
		return
	}
	for i, f := range worst {
		if !c.fits(row(f), keep) {
			fmt.Fprintf(c, "\n… and %d more, left out for want of room.\n", len(worst)-i)
			break
		}
	}
	c.WriteString(tail)
}

// row is one line of a table.
func row(f finding) string {
	fix := escape(short(f.Fix, 300))
	if f.Waiver != nil {
		fix = strings.TrimPrefix(fix+"<br>"+escape(waiverText(*f.Waiver)), "<br>")
	}
	where := []string{}
	for _, part := range []string{short(f.Platform, 60), place(f.Violation)} {
		if part != "" {
			where = append(where, escape(part))
		}
	}
	if f.Origin != "" {
		where = append(where, "from the "+escape(short(f.Origin, 20)))
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", escape(short(string(f.Severity), 20)), escape(ruleOf(f.Violation).Title()), escape(short(f.Message, 400)), strings.Join(where, ", "), fix)
}
