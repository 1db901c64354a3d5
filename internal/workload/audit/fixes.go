package audit

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// WriteFixes writes into a directory what mends the findings for certain: a
// JSON patch (RFC 6902) for each object, and a Kustomize component that applies
// them all. It answers with the number of objects; without any it writes
// nothing.
func WriteFixes(dir string, findings []Finding) (int, error) {
	order, byObject := patched(findings)
	if len(order) == 0 {
		return 0, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s cannot be made: name a directory for the patches that can be written", dir), err)
	}
	var patches []any
	taken := map[string]int{}
	for _, o := range order {
		operations, err := Patch(o, byObject[o])
		if err != nil {
			return 0, err
		}
		data, err := json.MarshalIndent(operations, "", "  ")
		if err != nil {
			return 0, gate.NewError(gate.CodeInternal, "a patch cannot be written as JSON", err)
		}
		file := fileName(o)
		if taken[file]++; taken[file] > 1 {
			file += fmt.Sprintf("-%d", taken[file])
		}
		file += ".json"
		if err := writeFile(filepath.Join(dir, file), append(data, '\n')); err != nil {
			return 0, err
		}
		patches = append(patches, map[string]any{"path": file, "target": target(o)})
	}
	component, err := yaml.Marshal(map[string]any{"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": patches})
	if err != nil {
		return 0, gate.NewError(gate.CodeInternal, "the component cannot be written as YAML", err)
	}
	return len(order), writeFile(filepath.Join(dir, "kustomization.yaml"), component)
}

// patched are the objects that have patches, in the order of their findings.
func patched(findings []Finding) ([]*manifest.Object, map[*manifest.Object][]Finding) {
	var order []*manifest.Object
	byObject := map[*manifest.Object][]Finding{}
	for _, f := range findings {
		if f.Object == nil || len(f.Patch) == 0 {
			continue
		}
		if byObject[f.Object] == nil {
			order = append(order, f.Object)
		}
		byObject[f.Object] = append(byObject[f.Object], f)
	}
	return order, byObject
}

func target(o *manifest.Object) map[string]any {
	gvk := o.GVK()
	t := map[string]any{"version": gvk.Version, "kind": gvk.Kind, "name": o.Name()}
	if gvk.Group != "" {
		t["group"] = gvk.Group
	}
	if o.Namespace() != "" {
		t["namespace"] = o.Namespace()
	}
	return t
}

// fileName names an object in characters that every filesystem takes: names
// come from manifests, and a manifest may call itself ../../etc.
func fileName(o *manifest.Object) string {
	name := strings.ToLower(strings.Trim(strings.Join([]string{o.Kind(), o.Namespace(), o.Name()}, "-"), "-"))
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, name)
	return name[:min(len(name), 200)]
}

func writeFile(file string, data []byte) error {
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return gate.NewError(gate.CodeInvalid, file+" cannot be written", err)
	}
	return nil
}
