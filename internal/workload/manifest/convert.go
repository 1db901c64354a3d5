package manifest

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/imagegate/imagegate/internal/gate"
)

// converter makes JSON's values of YAML's nodes, as kubectl does, and bounds
// what the parser does not: depth, and what aliases multiply.
type converter struct {
	*stream
	offset  int
	inAlias bool
}

func (c *converter) at(n *yaml.Node) int { return n.Line + c.offset }

func (c *converter) convert(n *yaml.Node, depth int) (any, error) {
	if depth > maxDepth {
		return nil, c.fail(gate.CodeLimit, c.at(n), fmt.Sprintf("nests deeper than %d levels", maxDepth))
	}
	if c.inAlias {
		if c.aliased++; c.aliased > maxAliased {
			return nil, c.fail(gate.CodeLimit, c.at(n), fmt.Sprintf("aliases stand for more than %d values, as in a YAML bomb: write the values out", maxAliased))
		}
	}
	switch n.Kind {
	case yaml.AliasNode:
		within := converter{stream: c.stream, offset: c.offset, inAlias: true}
		return within.convert(n.Alias, depth+1)
	case yaml.MappingNode:
		return c.mapping(n, depth)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, element := range n.Content {
			v, err := c.convert(element, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.ScalarNode:
		return c.scalar(n)
	}
	return nil, c.fail(gate.CodeInvalid, c.at(n), "holds what is no value")
}

func (c *converter) mapping(n *yaml.Node, depth int) (any, error) {
	fields := make(map[string]any, len(n.Content)/2)
	first := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Tag == "!!merge" {
			continue
		}
		name, err := c.key(key)
		if err != nil {
			return nil, err
		}
		if before, ok := first[name]; ok {
			return nil, c.fail(gate.CodeInvalid, c.at(key), fmt.Sprintf("repeats %.100q of line %d: which of the two counts differs between tools; remove one", name, c.at(before)))
		}
		first[name] = key
		if fields[name], err = c.convert(n.Content[i+1], depth+1); err != nil {
			return nil, err
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			if err := c.merge(fields, n.Content[i+1], depth); err != nil {
				return nil, err
			}
		}
	}
	return fields, nil
}

// merge adds what "<<" names: one mapping or several, of which earlier ones
// win, and what is written beside it wins over all.
func (c *converter) merge(fields map[string]any, n *yaml.Node, depth int) error {
	v, err := c.convert(n, depth+1)
	if err != nil {
		return err
	}
	sources, ok := v.([]any)
	if !ok {
		sources = []any{v}
	}
	for _, source := range sources {
		m, ok := source.(map[string]any)
		if !ok {
			return c.fail(gate.CodeInvalid, c.at(n), "merges (<<) what is no mapping")
		}
		for name, value := range m {
			if _, ok := fields[name]; !ok {
				fields[name] = value
			}
		}
	}
	return nil
}

func (c *converter) key(n *yaml.Node) (string, error) {
	n = resolve(n)
	if n.Kind != yaml.ScalarNode && c.template {
		return "", c.unrendered(c.at(n))
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return "", c.fail(gate.CodeInvalid, c.at(n), "has a key that is no text")
	}
	if b, ok := old[n.Value]; ok && n.Style == 0 && n.ShortTag() == "!!str" {
		return strconv.FormatBool(b), nil
	}
	return n.Value, nil
}

// old are the words that YAML 1.1, which Kubernetes reads, takes for booleans
// and YAML 1.2 for text.
var old = map[string]bool{
	"y": true, "Y": true, "yes": true, "Yes": true, "YES": true, "on": true, "On": true, "ON": true,
	"n": false, "N": false, "no": false, "No": false, "NO": false, "off": false, "Off": false, "OFF": false,
}

func (c *converter) scalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return nil, c.fail(gate.CodeInvalid, c.at(n), fmt.Sprintf("%.100q is no boolean", n.Value))
		}
		return b, nil
	case "!!int":
		var i int64
		if err := n.Decode(&i); err == nil {
			return i, nil
		}
		return c.float(n)
	case "!!float":
		return c.float(n)
	case "!!str":
		if b, ok := old[n.Value]; ok && n.Style == 0 {
			return b, nil
		}
	}
	if n.ShortTag() == "!!binary" {
		data, err := base64.StdEncoding.DecodeString(n.Value)
		if err != nil {
			return nil, c.fail(gate.CodeInvalid, c.at(n), "has !!binary before what is not base64")
		}
		return string(data), nil
	}
	return n.Value, nil // dates and unknown tags too: JSON has no word for them
}

func (c *converter) float(n *yaml.Node) (any, error) {
	var f float64
	if err := n.Decode(&f); err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, c.fail(gate.CodeInvalid, c.at(n), fmt.Sprintf("%.100q is no number that JSON knows", n.Value))
	}
	return f, nil
}
