package manifest

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// LineAt is the line of the field at the path, or that of its nearest parent
// that was written: where a missing field would have to stand. Elements of
// lists are named by their index. It is 0 for what has no lines.
func (o *Object) LineAt(path ...string) int {
	if o.node == nil {
		return 0
	}
	line, node := o.Line, o.node
	for _, step := range path {
		at, next := child(resolve(node), step)
		if next == nil {
			break
		}
		line, node = at+o.offset, next
	}
	return line
}

// LineOf is LineAt for a field as findings spell it, for example
// `spec.containers[0].image` or `metadata.labels["app.kubernetes.io/name"]`.
func (o *Object) LineOf(field string) int { return o.LineAt(Steps(field)...) }

// Steps splits a field's path into its names and indexes. Names that hold dots
// are written in brackets and quotes.
func Steps(field string) []string {
	var steps []string
	for field != "" {
		switch {
		case field[0] == '.':
			field = field[1:]
		case strings.HasPrefix(field, `["`):
			name, rest, _ := strings.Cut(field[2:], `"]`)
			steps, field = append(steps, name), rest
		case field[0] == '[':
			index, rest, _ := strings.Cut(field[1:], "]")
			steps, field = append(steps, index), rest
		default:
			end := strings.IndexAny(field, ".[")
			if end < 0 {
				end = len(field)
			}
			steps, field = append(steps, field[:end]), field[end:]
		}
	}
	return steps
}

// child is a mapping's value or a list's element, and the line it begins on:
// that of the key where there is one.
func child(n *yaml.Node, step string) (int, *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i].Line, n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i].Line, n.Content[i]
		}
	}
	return 0, nil
}

// resolve follows an alias to what it stands for. Chains are bounded by the
// depth that conversion allowed.
func resolve(n *yaml.Node) *yaml.Node {
	for i := 0; n.Kind == yaml.AliasNode && i < maxDepth; i++ {
		n = n.Alias
	}
	return n
}
