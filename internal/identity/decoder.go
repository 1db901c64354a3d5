package identity

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
)

// maxProblems bounds the mistakes that one file is told of.
const maxProblems = 50

// decoder reads YAML nodes strictly and collects mistakes with their lines. It
// never repeats a value that could be a token written where its hash belongs.
type decoder struct {
	file     string
	problems []string
}

func (d *decoder) fail(n *yaml.Node, format string, args ...any) {
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, fmt.Sprintf("%s:%d: ", d.file, n.Line)+fmt.Sprintf(format, args...))
	}
}

func (d *decoder) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	return gate.NewError(gate.CodeInvalid, strings.Join(d.problems, "\n"), nil)
}

// document is the one document of data; nil, with a problem, where there is
// none or more.
func (d *decoder) document(data []byte) *yaml.Node {
	in := yaml.NewDecoder(bytes.NewReader(data))
	var n, more yaml.Node
	err := in.Decode(&n)
	if err == nil && in.Decode(&more) != io.EOF { //nolint:errorlint // the library returns it bare
		err = errors.New("yaml: there is more than one document in it")
	}
	if err != nil {
		line, what := policy.SyntaxError(err)
		if errors.Is(err, io.EOF) {
			what = "it is empty"
		}
		d.fail(&yaml.Node{Line: max(line, 1)}, "this is not what is expected, one YAML document: %.200s", what)
		return nil
	}
	return n.Content[0]
}

// fields are what a mapping may hold, and how each is read.
type fields map[string]func(*yaml.Node)

func (d *decoder) object(n *yaml.Node, what string, known fields) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "%s is %s, expected a mapping", what, kindName(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, ok := known[key.Value]
		switch {
		case !ok:
			names := make([]string, 0, len(known))
			for name := range known {
				names = append(names, name)
			}
			slices.Sort(names)
			d.fail(key, "unknown field %.40q in %s; expected one of %s", key.Value, what, strings.Join(names, ", "))
		case seen[key.Value]:
			d.fail(key, "%s.%s is given twice", what, key.Value)
		default:
			seen[key.Value] = true
			read(value)
		}
	}
}

// list reads a sequence of at most limit things.
func (d *decoder) list(n *yaml.Node, what string, limit int, each func(*yaml.Node)) {
	switch {
	case n.Kind != yaml.SequenceNode:
		d.fail(n, "%s is %s, expected a list", what, kindName(n))
	case len(n.Content) > limit:
		d.fail(n, "%s has %d entries, expected at most %d", what, len(n.Content), limit)
	default:
		for _, item := range n.Content {
			each(item)
		}
	}
}

// text reads a string that is not empty.
func (d *decoder) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || strings.TrimSpace(n.Value) == "" {
		d.fail(n, "%s is %s, expected text", what, kindName(n))
		return ""
	}
	if len(n.Value) > maxSubject {
		d.fail(n, "%s has %d bytes, expected at most %d", what, len(n.Value), maxSubject)
		return ""
	}
	return n.Value
}

// texts reads one string or a list of them.
func (d *decoder) texts(n *yaml.Node, what string) (out []string) {
	add := func(n *yaml.Node) {
		if s := d.text(n, what); s != "" {
			out = append(out, s)
		}
	}
	if n.Kind == yaml.ScalarNode {
		add(n)
		return out
	}
	d.list(n, what, maxEntries, add)
	return out
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias, which is not used here"
	case yaml.ScalarNode:
		if n.Tag == "!!null" || strings.TrimSpace(n.Value) == "" {
			return "empty"
		}
		return "a single value"
	}
	return "nothing"
}
