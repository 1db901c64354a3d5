package manifest

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/imagegate/imagegate/internal/gate"
)

// add keeps an object, or the members of a list, however deep lists stand in
// lists.
func (s *stream) add(fields map[string]any, node *yaml.Node, offset, depth int) error {
	node = resolve(node)
	line := node.Line + offset
	kind, _ := fields["kind"].(string)
	version, _ := fields["apiVersion"].(string)
	switch {
	case strings.Contains(kind+version, "{{"):
		return s.unrendered(line)
	case kind == "":
		return s.fail(gate.CodeInvalid, line, "has no kind: it is no Kubernetes object; leave the file out, or name the files that are")
	case version == "":
		return s.fail(gate.CodeInvalid, line, fmt.Sprintf("%.100q has no apiVersion", kind))
	}
	if items, ok := fields["items"].([]any); ok && strings.HasSuffix(kind, "List") {
		return s.addItems(items, kind, version, node, offset, depth)
	}
	if err := s.wellFormed(fields, kind, line); err != nil {
		return err
	}
	if len(s.objects) >= maxObjects {
		return s.fail(gate.CodeLimit, line, fmt.Sprintf("is object %d: at most %d are read at once; split them", maxObjects+1, maxObjects))
	}
	s.objects = append(s.objects, &Object{File: s.file, Line: line, Unstructured: &unstructured.Unstructured{Object: fields}, node: node, offset: offset})
	return nil
}

func (s *stream) addItems(items []any, kind, version string, node *yaml.Node, offset, depth int) error {
	if depth > maxDepth {
		return s.fail(gate.CodeLimit, node.Line+offset, fmt.Sprintf("lists nest deeper than %d", maxDepth))
	}
	_, list := child(node, "items")
	for i, item := range items {
		_, at := child(resolve(list), fmt.Sprint(i))
		fields, ok := item.(map[string]any)
		if !ok {
			return s.fail(gate.CodeInvalid, at.Line+offset, fmt.Sprintf("items[%d] of %.100q is no object", i, kind))
		}
		// The members of a DeploymentList do not repeat what they are.
		if _, ok := fields["kind"]; !ok && kind != "List" {
			fields["kind"] = strings.TrimSuffix(kind, "List")
			fields["apiVersion"] = version
		}
		if err := s.add(fields, at, offset, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// wellFormed holds what every other part relies on: metadata whose fields are
// what they are called.
func (s *stream) wellFormed(fields map[string]any, kind string, line int) error {
	value, ok := fields["metadata"]
	if !ok || value == nil {
		delete(fields, "metadata")
		return nil
	}
	metadata, ok := value.(map[string]any)
	if !ok {
		return s.fail(gate.CodeInvalid, line, fmt.Sprintf("metadata of %.100q is no mapping", kind))
	}
	for _, name := range []string{"name", "generateName", "namespace"} {
		switch v := metadata[name].(type) {
		case nil:
			delete(metadata, name)
		case string:
			if strings.Contains(v, "{{") {
				return s.unrendered(line)
			}
		default:
			return s.fail(gate.CodeInvalid, line, fmt.Sprintf("metadata.%s of %.100q is %v, which is no text: quote it", name, kind, v))
		}
	}
	for _, name := range []string{"labels", "annotations"} {
		value, ok := metadata[name]
		if !ok || value == nil {
			delete(metadata, name)
			continue
		}
		entries, ok := value.(map[string]any)
		if !ok {
			return s.fail(gate.CodeInvalid, line, fmt.Sprintf("metadata.%s of %.100q is no mapping", name, kind))
		}
		for key, v := range entries {
			if _, ok := v.(string); !ok {
				return s.fail(gate.CodeInvalid, line, fmt.Sprintf("metadata.%s.%.100s of %.100q is %.100v, which is no text: quote it", name, key, kind, v))
			}
		}
	}
	return nil
}
