package server

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	html "html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
)

//go:embed docs.html.tmpl
var docsText string

//go:embed docs.css
var docsStyle string

var docsTemplate = html.Must(html.New("docs").Parse(docsText))

// docs is the contract as a page that needs nothing else: no script, no other
// file, no other host.
type docs struct {
	page []byte
	// policy allows the page's own style and nothing more.
	policy string
}

// newDocs writes the page. The document must know where its parts stand, for
// they are shown in that order.
func newDocs(d *openapi3.T) (docs, error) {
	var out bytes.Buffer
	if err := docsTemplate.Execute(&out, docsPage(d)); err != nil {
		return docs{}, err
	}
	_, style, _ := strings.Cut(out.String(), "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	return docs{out.Bytes(), "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}, nil
}

// GetDocs is GET /docs.
func (s *Server) GetDocs(c *gin.Context) {
	c.Header("Content-Security-Policy", s.docs.policy)
	c.Header("Referrer-Policy", "no-referrer")
	c.Data(http.StatusOK, "text/html; charset=utf-8", s.docs.page)
}

// docsView is what the page shows.
type docsView struct {
	Title, Version string
	Style          html.CSS
	About          []block
	Groups         []docsGroup
	Shared         []docsAnswer // of many operations
	Schemas        []docsSchema
}

// docsGroup is the operations of a tag.
type docsGroup struct {
	Name       string
	About      []block
	Operations []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary string
	Open                      bool // to everybody
	About                     []block
	Parameters                []docsField
	Body                      []docsContent
	Answers                   []docsAnswer
}

type docsAnswer struct {
	Status   string
	Shared   string // name of the shared answer that it is; empty for its own
	About    []block
	Headers  []docsField
	Contents []docsContent
}

type docsContent struct {
	Media    string
	Type     docsType
	Examples []docsExample
}

type docsExample struct{ Name, Text string }

type docsSchema struct {
	Name   string
	Type   docsType
	About  []block
	Fields []docsField
}

// docsField is a parameter, a header or a property.
type docsField struct {
	Name, In string
	Required bool
	Type     docsType
	About    []block
}

func docsPage(d *openapi3.T) docsView {
	v := docsView{Title: d.Info.Title, Version: d.Info.Version, Style: html.CSS(docsStyle), About: blocks(d.Info.Description)} //nolint:gosec // our own file
	for _, t := range d.Tags {
		g := docsGroup{Name: t.Name, About: blocks(t.Description)}
		for _, path := range inOrder(d.Paths.Map(), func(p *openapi3.PathItem) *openapi3.Origin { return p.Origin }) {
			item := d.Paths.Value(path)
			for _, method := range inOrder(item.Operations(), func(o *openapi3.Operation) *openapi3.Origin { return o.Origin }) {
				if o := item.Operations()[method]; slices.Contains(o.Tags, t.Name) {
					g.Operations = append(g.Operations, operationView(method, path, o))
				}
			}
		}
		v.Groups = append(v.Groups, g)
	}
	for _, name := range inOrder(d.Components.Responses, originOfResponse) {
		v.Shared = append(v.Shared, answerView(name, d.Components.Responses[name].Value))
	}
	for _, name := range inOrder(d.Components.Schemas, originOf) {
		s := d.Components.Schemas[name].Value
		v.Schemas = append(v.Schemas, docsSchema{Name: name, Type: typeOf(&openapi3.SchemaRef{Value: s}), About: blocks(s.Description), Fields: fieldsOf(s)})
	}
	return v
}

func operationView(method, path string, o *openapi3.Operation) docsOperation {
	v := docsOperation{ID: o.OperationID, Method: method, Path: path, Summary: o.Summary, About: blocks(o.Description), Open: o.Security != nil && len(*o.Security) == 0}
	for _, p := range o.Parameters {
		v.Parameters = append(v.Parameters, docsField{p.Value.Name, p.Value.In, p.Value.Required, typeOf(p.Value.Schema), blocks(p.Value.Description)})
	}
	if o.RequestBody != nil {
		v.Body = contentsOf(o.RequestBody.Value.Content)
	}
	for _, status := range inOrder(o.Responses.Map(), originOfResponse) {
		r := o.Responses.Value(status)
		if name, ok := strings.CutPrefix(r.Ref, "#/components/responses/"); ok {
			v.Answers = append(v.Answers, docsAnswer{Status: status, Shared: name, About: blocks(*r.Value.Description)[:1]})
			continue
		}
		v.Answers = append(v.Answers, answerView(status, r.Value))
	}
	return v
}

func answerView(status string, r *openapi3.Response) docsAnswer {
	a := docsAnswer{Status: status, About: blocks(*r.Description), Contents: contentsOf(r.Content)}
	for _, name := range inOrder(r.Headers, func(h *openapi3.HeaderRef) *openapi3.Origin { return cmp.Or(h.Origin, h.Value.Origin) }) {
		h := r.Headers[name].Value
		a.Headers = append(a.Headers, docsField{name, "", h.Required, typeOf(h.Schema), blocks(h.Description)})
	}
	return a
}

func contentsOf(c openapi3.Content) (out []docsContent) {
	for _, media := range inOrder(c, func(m *openapi3.MediaType) *openapi3.Origin { return m.Origin }) {
		m := c[media]
		v := docsContent{Media: media, Type: typeOf(m.Schema)}
		if m.Example != nil {
			v.Examples = append(v.Examples, docsExample{"", exampleText(m.Example, m.Schema)})
		}
		for _, name := range inOrder(m.Examples, func(e *openapi3.ExampleRef) *openapi3.Origin { return cmp.Or(e.Origin, e.Value.Origin) }) {
			e := m.Examples[name].Value
			v.Examples = append(v.Examples, docsExample{cmp.Or(e.Summary, name), exampleText(e.Value, m.Schema)})
		}
		out = append(out, v)
	}
	return out
}

func fieldsOf(s *openapi3.Schema) (out []docsField) {
	for _, name := range inOrder(s.Properties, originOf) {
		p := s.Properties[name]
		f := docsField{Name: name, Required: slices.Contains(s.Required, name), Type: typeOf(p)}
		if p.Ref == "" {
			f.About = blocks(p.Value.Description)
		}
		out = append(out, f)
	}
	return out
}

func originOf(s *openapi3.SchemaRef) *openapi3.Origin {
	if s.Ref == "" {
		return s.Value.Origin
	}
	return s.Origin
}

func originOfResponse(r *openapi3.ResponseRef) *openapi3.Origin {
	if r.Ref == "" {
		return r.Value.Origin
	}
	return r.Origin
}

// inOrder is the keys of a map as they stand in the document.
func inOrder[V any](m map[string]V, origin func(V) *openapi3.Origin) []string {
	at := func(key string) (line, column int) {
		if o := origin(m[key]); o != nil && o.Key != nil {
			return o.Key.Line, o.Key.Column
		}
		return 0, 0
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		al, ac := at(a)
		bl, bc := at(b)
		return cmp.Or(cmp.Compare(al, bl), cmp.Compare(ac, bc), cmp.Compare(a, b))
	})
	return keys
}
