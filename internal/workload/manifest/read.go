package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/imagegate/imagegate/internal/gate"
)

// The bounds of one stream. What clusters store is far below: an object of
// theirs has at most 1.5 MiB and a few dozen levels.
const (
	maxBytes   = 16 << 20
	maxObjects = 10_000
	maxDepth   = 100
	// maxMarks bounds the characters that can begin a value, because each
	// value costs some 200 bytes of memory while two bytes are enough to
	// write it. Manifests of 16 MiB with 10 characters a line stay below.
	maxMarks = 2_000_000
	// maxAliased bounds the values that aliases stand for, which is what a
	// YAML bomb multiplies.
	maxAliased = 100_000
)

// Read reads every object of a stream: documents of YAML or JSON, with the
// members of lists in place of the lists. file names the stream in errors and
// findings. Errors are CodeInvalid or CodeLimit and name file and line.
func Read(file string, r io.Reader) ([]*Object, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, file+" cannot be read", err)
	}
	if len(data) > maxBytes {
		return nil, gate.NewError(gate.CodeLimit, fmt.Sprintf("%s is larger than %d MiB: split it", file, maxBytes>>20), nil)
	}
	if marks(data) > maxMarks {
		return nil, gate.NewError(gate.CodeLimit, fmt.Sprintf("%s holds more than %d values: split it", file, maxMarks), nil)
	}
	s := &stream{file: file, template: bytes.Contains(data, []byte("{{"))}
	for _, part := range parts(data) {
		if err := s.read(part); err != nil {
			return nil, err
		}
	}
	return s.objects, nil
}

func marks(data []byte) int {
	n := 0
	for _, c := range data {
		switch c {
		case ',', ':', '\n', '\r', '[', '{', '-', '?':
			n++
		}
	}
	return n
}

// part is a piece of a stream that YAML's parser takes whole.
type part struct {
	data   []byte
	offset int // lines before it
}

// parts cuts a stream of JSON values, as kubectl accepts, into single ones;
// YAML's parser finds the documents of YAML itself. JSON may be indented with
// tabs, which YAML may not: they become spaces, as none can stand in a string.
func parts(data []byte) []part {
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return []part{{data: data}}
	}
	start := len(data) - len(trimmed)
	var all []part
	d := json.NewDecoder(bytes.NewReader(trimmed))
	for begin := int64(0); ; {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil { // not JSON: flow style YAML, or broken
			return []part{{data: data}}
		}
		end := d.InputOffset()
		piece := trimmed[begin:end]
		offset := bytes.Count(data[:start+int(begin)], []byte("\n"))
		all = append(all, part{data: bytes.ReplaceAll(piece, []byte("\t"), []byte(" ")), offset: offset})
		begin = end
	}
}

// stream is what one Read keeps.
type stream struct {
	file     string
	template bool // the text holds {{, so a template is the likely mistake
	objects  []*Object
	aliased  int
}

func (s *stream) read(p part) error {
	d := yaml.NewDecoder(bytes.NewReader(p.data))
	for {
		var doc yaml.Node
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return s.syntax(err, p.offset)
		}
		if len(doc.Content) == 0 {
			continue
		}
		root := doc.Content[0]
		c := converter{stream: s, offset: p.offset}
		value, err := c.convert(root, 0)
		if err != nil {
			return err
		}
		if value == nil {
			continue // only comments
		}
		fields, ok := value.(map[string]any)
		if !ok {
			return s.fail(gate.CodeInvalid, root.Line+p.offset, "is no object: a manifest begins with apiVersion and kind")
		}
		if err := s.add(fields, root, p.offset, 0); err != nil {
			return err
		}
	}
}

// yamlLine is how the parser names the place of a mistake.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (s *stream) syntax(err error, offset int) error {
	message, line := err.Error(), 1+offset
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		message = message[len(m[0]):]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n + offset
		}
	}
	message = "is not YAML: " + strings.TrimSpace(message)
	if s.template {
		message += ". It holds {{ … }}: if it is a template, render it first: " + render
	}
	return s.fail(gate.CodeInvalid, line, message)
}

// render is the mend of templates.
const render = "helm template CHART | imagegate audit -"

// unrendered is the error of a template where text was expected.
func (s *stream) unrendered(line int) error {
	return s.fail(gate.CodeInvalid, line, "is a template ({{ … }}), not a manifest. Render it first: "+render)
}

func (s *stream) fail(code gate.Code, line int, message string) error {
	return gate.NewError(code, fmt.Sprintf("%s:%d %s", s.file, line, message), nil)
}
