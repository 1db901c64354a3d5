package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's template, style and script
	"encoding/base64"
	"html/template"
	"io"
	"regexp"
	"strings"
	"sync"

	"github.com/imagegate/imagegate/internal/gate"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// comments of style sheets: the template engine drops them, and the page's
// policy knows the style by its hash.
var comments = regexp.MustCompile(`(?s)/\*.*?\*/\s*`)

// pageTemplate is the page with its style and script in it, and the content
// security policy that lets those two run and nothing else load.
var pageTemplate = sync.OnceValue(func() *template.Template {
	style, script := "\n"+comments.ReplaceAllString(pageStyle, ""), "\n"+comments.ReplaceAllString(pageScript, "")
	csp := "default-src 'none'; style-src " + hashSource(style) + "; script-src " + hashSource(script) + "; base-uri 'none'; form-action 'none'"
	source := strings.NewReplacer("%CSP%", template.HTMLEscapeString(csp), "%STYLE%", style, "%SCRIPT%", script).Replace(pageSource)
	return template.Must(template.New("page").Parse(source))
})

func hashSource(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// page writes one HTML document that needs nothing beside itself.
func page(w io.Writer, d Document, o Options) error {
	var b bytes.Buffer
	if err := pageTemplate().Execute(&b, newPageView(d, o)); err != nil {
		return gate.NewError(gate.CodeInternal, "writing the report of "+short(d.Verdict.Image, 200), err)
	}
	_, err := w.Write(b.Bytes())
	return err
}
