package report

import (
	"encoding/json"
	"io"
)

// document writes the verdict document of the REST interface, indented.
func document(w io.Writer, d Document, _ Options) error { return indented(w, d.Verdict) }

// indented writes JSON as people read it.
func indented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
