package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// Patch is one JSON patch that mends all findings about an object that can be
// mended for certain. Each finding's own patch is for the object as written:
// one after the other, the second to make a securityContext would take the
// first's away. Here each is fitted to what those before it made.
func Patch(o *manifest.Object, findings []Finding) ([]Operation, error) {
	_, operations, err := mend(o, findings)
	return operations, err
}

// Mend is the object after Patch.
func Mend(o *manifest.Object, findings []Finding) (*unstructured.Unstructured, error) {
	mended, _, err := mend(o, findings)
	return mended, err
}

func mend(o *manifest.Object, findings []Finding) (*unstructured.Unstructured, []Operation, error) {
	mended := o.Unstructured.DeepCopy()
	var all []Operation
	for _, f := range findings {
		if f.Object != o {
			continue
		}
		for _, op := range f.Patch {
			fitted, err := fit(mended.Object, op)
			if err != nil {
				return nil, nil, gate.NewError(gate.CodeInternal, fmt.Sprintf("the patch of %s for %s does not fit", f.Check, f.Field), err)
			}
			all = append(all, fitted...)
		}
	}
	return mended, all, nil
}

// fit applies an operation to content and answers with what that took: where
// an added mapping is there by now, its members are added to it; what is as it
// should be needs nothing.
func fit(content map[string]any, op Operation) ([]Operation, error) {
	steps := unpointer(op.Path)
	if len(steps) == 0 {
		return nil, fmt.Errorf("%q points at the whole object", op.Path)
	}
	parent, err := follow(content, steps[:len(steps)-1])
	if err != nil {
		return nil, err
	}
	last := steps[len(steps)-1]
	switch at := parent.(type) {
	case map[string]any:
		return fitMember(at, last, op)
	case []any:
		return fitElement(content, at, steps, last, op)
	}
	return nil, fmt.Errorf("%q leads through what has no members", op.Path)
}

func fitMember(at map[string]any, last string, op Operation) ([]Operation, error) {
	before, present := at[last]
	if op.Op == "remove" {
		delete(at, last)
		if !present {
			return nil, nil
		}
		return []Operation{op}, nil
	}
	have, isMap := before.(map[string]any)
	want, wantsMap := op.Value.(map[string]any)
	if op.Op == "add" && isMap && wantsMap {
		var all []Operation
		for _, key := range sortedKeys(want) {
			below := Operation{Op: "add", Path: op.Path + jsonPointer([]string{key}), Value: want[key]}
			fitted, err := fitMember(have, key, below)
			if err != nil {
				return nil, err
			}
			all = append(all, fitted...)
		}
		return all, nil
	}
	at[last] = copyOf(op.Value)
	if present && fmt.Sprint(before) == fmt.Sprint(op.Value) {
		return nil, nil
	}
	return []Operation{op}, nil
}

// fitElement replaces, removes or appends an element of a list.
func fitElement(content map[string]any, at []any, steps []string, last string, op Operation) ([]Operation, error) {
	i, err := strconv.Atoi(last)
	switch {
	case op.Op == "add" && (last == "-" || err == nil && i == len(at)):
		at = append(slices.Clone(at), copyOf(op.Value))
	case err != nil || i < 0 || i >= len(at):
		return nil, fmt.Errorf("%q points past the list", op.Path)
	case op.Op == "add":
		at = slices.Insert(slices.Clone(at), i, copyOf(op.Value))
	case op.Op == "remove":
		at = slices.Delete(slices.Clone(at), i, i+1)
	default:
		at[i] = copyOf(op.Value)
		return []Operation{op}, nil
	}
	return []Operation{op}, put(content, steps[:len(steps)-1], at)
}

// put replaces the value at a path, which exists.
func put(content map[string]any, steps []string, value any) error {
	if len(steps) == 0 {
		return fmt.Errorf("an object is no list")
	}
	parent, err := follow(content, steps[:len(steps)-1])
	if err != nil {
		return err
	}
	last := steps[len(steps)-1]
	switch at := parent.(type) {
	case map[string]any:
		at[last] = value
	case []any:
		i, err := strconv.Atoi(last)
		if err != nil || i < 0 || i >= len(at) {
			return fmt.Errorf("no element %q", last)
		}
		at[i] = value
	}
	return nil
}

func follow(content any, steps []string) (any, error) {
	for _, step := range steps {
		switch at := content.(type) {
		case map[string]any:
			content = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return nil, fmt.Errorf("no element %q", step)
			}
			content = at[i]
		default:
			return nil, fmt.Errorf("no field %q", step)
		}
	}
	return content, nil
}

// unpointer reads RFC 6901.
func unpointer(path string) []string {
	steps := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, step := range steps {
		steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
	}
	return steps
}

// copyOf keeps what is put into an object apart from the finding's own value.
func copyOf(value any) any {
	switch v := value.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for key, member := range v {
			c[key] = copyOf(member)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, element := range v {
			c[i] = copyOf(element)
		}
		return c
	case []string:
		c := make([]any, len(v))
		for i, element := range v {
			c[i] = element
		}
		return c
	case map[string]string:
		c := make(map[string]any, len(v))
		for key, member := range v {
			c[key] = member
		}
		return c
	case int:
		return int64(v)
	}
	return value
}
