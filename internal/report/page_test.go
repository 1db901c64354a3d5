package report

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

var inline = regexp.MustCompile(`(?s)<(style|script)>(.*?)</(?:style|script)>`)

func TestThePageRunsItsOwnStyleAndScriptOnly(t *testing.T) {
	text := written(t, "html", failing())
	csp := html.UnescapeString(regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(text)[1])
	found := inline.FindAllStringSubmatch(text, -1)
	if len(found) != 2 {
		t.Fatalf("%d inline parts", len(found))
	}
	for _, m := range found {
		sum := sha256.Sum256([]byte(m[2]))
		if want := m[1] + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(csp, want) {
			t.Errorf("the policy does not know the %s: %s", m[1], csp)
		}
	}
	if !strings.HasPrefix(csp, "default-src 'none'; ") || strings.Contains(csp, "unsafe") {
		t.Errorf("the policy allows too much: %s", csp)
	}
	for _, bad := range []string{" style=", "http-equiv=\"refresh\"", "@import", "url("} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

func TestThePageSaysWhatAPersonAsks(t *testing.T) {
	text := written(t, "html", failing())
	for what, want := range map[string]string{
		"the verdict":            `<h1><b>Fail</b> <span>registry.example/shop/cart:1.4.2</span></h1>`,
		"what to do first":       `<strong>Rebuild on registry.example/base/node:22</strong> <span class="soft">removes 5 of 7 violations</span>`,
		"a fix of several":       `<strong>Update openssl to 3.0.15-1~deb12u1</strong> <span class="soft">mends 2 violations</span>`,
		"how the base is known":  `proven: the image&#39;s layers begin with an approved base&#39;s; 2 layers`,
		"why it is of its class": `a package manager, a shell`,
		"layers to scale":        `aria-label="Layers to scale: 2 layers, 124.3 MB of the base; 2 layers, 34.0 MB of the image&#39;s own"`,
		"findings on a layer":    `<span class="badge critical">1 critical</span> <span class="badge high">2 high</span>`,
		"what a layer writes":    `<li>/app/node_modules: 31.0 MB in 4690 files</li>`,
		"what is hidden":         `31.0 MB <span class="soft">(9.8 MB hidden)</span>`,
		"what is exploited":      `from the severity, known to be exploited`,
		"how likely":             `EPSS 3.1 %`,
		"a check's reason":       `<strong>Why:</strong> Without one the process runs as root`,
		"who waived":             `waived by team-cart until 2026-09-02: tar is never run on input of others`,
		"problems of the scan":   `file-too-large /app/model.bin: 1.2 GB is more than is read`,
		"languages":              `2 node-pkg`,
		"names of variables":     `PATH, API_TOKEN`,
		"the rest of the index":  `linux/arm64: its platform was not asked for`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %s: %s", what, want)
		}
	}
	if strings.Contains(text, "hunter2") {
		t.Error("the page shows the value of a variable")
	}
}

func TestThePageSaysWhatWasNotLookedAt(t *testing.T) {
	d := failing()
	d.Evidence = nil
	if text := written(t, "html", d); !strings.Contains(text, "No evidence is stored with this verdict") || !strings.Contains(text, "CVE-2026-1001") {
		t.Error("a page without evidence is silent about it, or about the vulnerabilities that the verdict names")
	}
	d = failing()
	d.Evidence.Images[0].Contents, d.Evidence.Images[0].Scan = nil, nil
	text := written(t, "html", d)
	for _, want := range []string{"No layer was read", "Nothing was scanned", "Sizes are compressed: no layer was read."} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// huge is an image with too much of everything, in long words that HTML makes
// longer.
func huge() Document {
	d := failing()
	long := strings.Repeat("&\"<", 400)
	img := &d.Evidence.Images[0]
	for i := range 6000 {
		f := d.Verdict.Violations[i%3]
		f.Message, f.Fix, f.Path = long, fmt.Sprint(i, long), fmt.Sprint(i, long)
		d.Verdict.Violations = append(d.Verdict.Violations, f)
		d.Verdict.Notes = append(d.Verdict.Notes, f)
		img.Scan.Vulnerabilities = append(img.Scan.Vulnerabilities, gate.Vulnerability{ID: fmt.Sprintf("CVE-2026-%d", i+5000), Title: long, Package: long, Path: long})
		img.Scan.Problems = append(img.Scan.Problems, gate.ScanProblem{Kind: long, Path: long, Message: long})
	}
	for i := range 1000 {
		img.Contents.Layers = append(img.Contents.Layers, gate.LayerEvidence{Index: i + 4, UncompressedBytes: 1, Adds: []gate.Addition{{Path: long}, {Path: long}}})
		img.Config.DiffIDs = append(img.Config.DiffIDs, long)
		img.Config.History = append(img.Config.History, gate.History{CreatedBy: long})
		img.Config.Env = append(img.Config.Env, long)
	}
	for i := range 40 {
		p := d.Verdict.Platforms[0]
		p.Platform = fmt.Sprint(i, long)
		d.Verdict.Platforms = append(d.Verdict.Platforms, p)
		other := *img
		other.Platform = p.Platform
		d.Evidence.Images = append(d.Evidence.Images, other)
	}
	return d
}

func TestReportsOfHugeImagesStayReadable(t *testing.T) {
	d := huge()
	text := written(t, "html", d)
	if len(text) > 2_000_000 {
		t.Errorf("a page of %d bytes", len(text))
	}
	for _, want := range []string{"are in the evidence", "the rest are in the JSON output", "layers not shown", "further platforms not shown"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say that it is cut: %q", want)
		}
	}
	harmlessPage(t, text)
	comment := written(t, "markdown", d)
	harmlessMarkdown(t, comment)
	if !strings.Contains(comment, "left out for want of room") || !strings.HasSuffix(comment, "the verdict is fail.\n") {
		t.Error("the comment does not say that it is cut, or lacks its end")
	}
}
