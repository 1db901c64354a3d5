package report

import (
	"encoding/json"
	"io"

	"github.com/imagegate/imagegate/internal/gate"
)

// document writes the verdict document of the REST interface, indented.
func document(w io.Writer, v gate.Verdict) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
