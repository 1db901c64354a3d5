package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/imagegate/imagegate/internal/gate"
)

// hostile is what an image's author may write wherever there is text: for
// terminals, browsers and XML, and for what makes links and people of words. It
// is in parts, since reports cut long texts.
var hostile = []string{
	"<script>alert(1)</script>\"'><img src=x onerror=alert(1)>]]>--><!--\x1b[2J\x1b]8;;http://evil.example\x07\u202e\u2066\u009b31m\u2028\r\n\nPASS  all is well\n \x00\x01\uFFFE\xff\xfe\xc0",
	"| a | b |\n```\n~~~ ~~x~~\n# heading\n\\| \\[x\\](y) \\<b> [click](javascript:alert(1)) ![x](http://e.example/x.png) {0} $x$ `code` _a_ **b**",
	" https://evil.example www.evil.example root@evil.example @everyone a@b-c #1 !1 GH-1 x/y#2 %3 ~label mailto:a@b.example xmpp:a@b.example",
	"=cmd('calc')!A1 {{.Digest}} &lt;script&gt; %ZZ &#x3c;b> javascript:alert(1) \\",
}

// spoil adds text to every string of a document that is not one of a few words.
func spoil(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			// What is pointed to may be shared: it is spoiled once, in a copy.
			c := reflect.New(v.Type().Elem())
			c.Elem().Set(v.Elem())
			spoil(c.Elem(), text)
			v.Set(c)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				spoil(v.Field(i), text)
			}
		}
	case reflect.Slice:
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(c, v)
		for i := range c.Len() {
			spoil(c.Index(i), text)
		}
		if v.Len() > 0 {
			v.Set(c)
		}
	case reflect.String:
		v.SetString(v.String() + text)
	}
}

// spoiled is the failing document with text in all its strings, or, with words,
// in all but those that have a few values.
func spoiled(text string, words bool) Document {
	d := failing()
	spoil(reflect.ValueOf(&d).Elem(), text)
	if words {
		return d
	}
	kept := failing()
	d.Verdict.Decision = kept.Verdict.Decision
	for i, p := range kept.Verdict.Platforms {
		d.Verdict.Platforms[i].Base.Proof, d.Verdict.Platforms[i].Class = p.Base.Proof, p.Class
	}
	for i, list := range [][]gate.Violation{d.Verdict.Violations, d.Verdict.Warnings, d.Verdict.Waived, d.Verdict.Notes} {
		for j, f := range [][]gate.Violation{kept.Verdict.Violations, kept.Verdict.Warnings, kept.Verdict.Waived, kept.Verdict.Notes}[i] {
			list[j].Severity, list[j].Check, list[j].Outcome = f.Severity, f.Check, f.Outcome
		}
	}
	return d
}

func TestNoFormatLetsAnAuthorSpeak(t *testing.T) {
	for _, text := range hostile {
		for _, words := range []bool{false, true} {
			d := spoiled(text, words)
			for _, format := range Formats() {
				harmless(t, format, written(t, format, d))
			}
			c := Compare(failing(), d)
			for _, format := range ComparisonFormats() {
				var b bytes.Buffer
				if err := WriteComparison(&b, format, c); err != nil {
					t.Fatal(err)
				}
				harmless(t, format, b.String())
			}
		}
	}
}

// harmless holds a report against what its readers would act on.
func harmless(t testing.TB, format, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s is no UTF-8", format)
	}
	for _, bad := range []string{"\x1b", "\x00", "\x07", "\r"} {
		if strings.Contains(text, bad) {
			t.Errorf("%s has %q", format, bad)
		}
	}
	if format != "json" { // a document for programs: JSON escapes what JSON must
		for _, bad := range []string{"\u202e", "\u2066", "\u2028", "\u009b", "\uFFFE"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %q", format, bad)
			}
		}
	}
	switch format {
	case "table":
		if strings.Contains(text, "\nPASS") {
			t.Error("the table has a line that an author wrote")
		}
	case "json":
		anyJSON(t, text)
	case "sarif":
		valid(t, schema(t, "sarif-schema-2.1.0.json"), string(trimmed(t, format, text)))
		harmlessMessages(t, text)
	case "gitlab":
		valid(t, schema(t, "gitlab-container-scanning.json"), text)
	case "junit":
		checkJUnit(t, text)
	case "markdown":
		harmlessMarkdown(t, text)
	case "html":
		harmlessPage(t, text)
	}
}

func anyJSON(t testing.TB, text string) {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Errorf("no JSON: %v", err)
	}
}

var filled = regexp.MustCompile(`(^|[^{])\{\d+\}`)

// harmlessMessages reads the texts that SARIF viewers format.
func harmlessMessages(t testing.TB, text string) {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	var messages []string
	for _, r := range log.Runs[0].Results {
		messages = append(messages, r.Message.Text)
	}
	for _, r := range log.Runs[0].Tool.Driver.Rules {
		messages = append(messages, r.Short.Text, r.Full.Text, r.Help.Text, r.Help.Markdown)
	}
	for _, m := range messages {
		if strings.Contains(m, "](") || filled.MatchString(m) {
			t.Errorf("a message has a link or a place to fill in: %.100s", m)
		}
	}
}

var (
	// ownTags are those that the comment itself is made of.
	ownTags = regexp.MustCompile(`</?(code|details|summary)>|<br>`)
	tag     = regexp.MustCompile(`<[A-Za-z/!?]`)
	mention = regexp.MustCompile(`(^|[^0-9A-Za-z])@[0-9A-Za-z]`)
	email   = regexp.MustCompile(`@[0-9A-Za-z-]+\.[a-z]`)
	issue   = regexp.MustCompile(`(^|[^&])[#!]\d`)
	bare    = regexp.MustCompile(`(^|[^\\])[\[\]` + "`" + `]`)
)

func harmlessMarkdown(t testing.TB, text string) {
	t.Helper()
	if len(text) > 60_000 {
		t.Errorf("a comment of %d bytes", len(text))
	}
	rest := ownTags.ReplaceAllString(text, "")
	for name, r := range map[string]*regexp.Regexp{"tag": tag, "mention": mention, "address": email, "reference": issue, "bracket": bare} {
		if at := r.FindString(rest); at != "" {
			t.Errorf("the comment has a %s: %q", name, at)
		}
	}
	for _, bad := range []string{"://", "www.", "```", "~~~", "GH-1", "$"} {
		if strings.Contains(rest, bad) {
			t.Errorf("the comment has %q", bad)
		}
	}
	columns := 0
	for line := range strings.Lines(text) {
		n := strings.Count(line, "|") - strings.Count(line, `\|`)
		if n > 0 && columns > 0 && n != columns {
			t.Errorf("a row has %d columns of %d: %.60s", n-1, columns-1, line)
		}
		columns = n
	}
}

var scripts = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`)

// pageElements are all that a page is made of.
var pageElements = strings.Fields("html head meta title body a header div h1 h2 h3 h4 b span p code ul ol li main section nav dl dt dd figure figcaption svg rect table caption thead tbody tr th td small strong details summary article label input output br footer")

// harmlessPage reads a page without its style and script as XML: what an author
// writes must not open, close or add anything.
func harmlessPage(t testing.TB, text string) {
	t.Helper()
	if n := strings.Count(text, "<script"); n != 1 {
		t.Errorf("the page has %d scripts", n)
	}
	d := xml.NewDecoder(strings.NewReader(scripts.ReplaceAllString(text, "")))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	ids := map[string]bool{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("the page is no tree: %v", err)
			return
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !slices.Contains(pageElements, start.Name.Local) {
			t.Errorf("the page has <%s>", start.Name.Local)
		}
		for _, a := range start.Attr {
			switch {
			case strings.HasPrefix(a.Name.Local, "on"), a.Name.Local == "style", a.Name.Local == "src":
				t.Errorf("<%s> has %s", start.Name.Local, a.Name.Local)
			case a.Name.Local == "href" && !strings.HasPrefix(a.Value, "#") && !strings.HasPrefix(a.Value, "https://nvd.nist.gov/vuln/detail/CVE-") && !strings.HasPrefix(a.Value, "https://github.com/advisories/GHSA-"):
				t.Errorf("the page links to %s", a.Value)
			case a.Name.Local == "id" && ids[a.Value]:
				t.Errorf("two elements are named %s", a.Value)
			case a.Name.Local == "id":
				ids[a.Value] = true
			}
		}
	}
}

func TestSecretsOfTheHistoryAreMasked(t *testing.T) {
	d := failing()
	img := &d.Evidence.Images[0]
	line := "RUN curl -H 'Authorization: Bearer x' https://user:hunter2secret@example.com && API_PASSWORD=hunter2secret make"
	for i := range img.Config.History {
		img.Config.History[i].CreatedBy = line
	}
	img.Config.Cmd = []string{"--password=hunter2secret"}
	img.Config.Env = []string{"TOKEN=hunter2secret"}
	for _, list := range [][]gate.Violation{d.Verdict.Violations, d.Verdict.Warnings, d.Verdict.Waived, d.Verdict.Notes} {
		for i := range list {
			if list[i].Layer != nil {
				list[i].Layer = &gate.LayerRef{CreatedBy: line}
			}
		}
	}
	for _, format := range Formats() {
		if format != "json" && strings.Contains(written(t, format, d), "hunter2secret") {
			t.Errorf("%s shows a secret", format)
		}
	}
	var b bytes.Buffer
	if err := WriteComparison(&b, "json", Compare(failing(), d)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "hunter2") {
		t.Error("a comparison shows a secret")
	}
}

func FuzzNoFormatLetsAnAuthorSpeak(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, false)
	}
	f.Add("\x1b[31m<script>", true)
	f.Add("]]>&#x0;\ufffe@a|b\n- [x](y)", false)
	f.Fuzz(func(t *testing.T, text string, words bool) {
		if len(text) > 4000 {
			return
		}
		d := spoiled(text, words)
		for _, format := range Formats() {
			var b bytes.Buffer
			if err := Write(&b, format, d, Options{}); err != nil {
				t.Fatal(err)
			}
			harmless(t, format, b.String())
		}
	})
}
