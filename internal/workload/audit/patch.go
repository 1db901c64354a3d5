package audit

import (
	"strconv"
	"strings"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// set is the JSON patch that gives a field of the object a value, and makes
// the parents that are missing. It is empty where the path leads through what
// is no mapping or past the end of a list: no patch is better than a wrong one.
func set(o *manifest.Object, field string, value any) []Operation {
	return setIn(o.Unstructured.Object, manifest.Steps(field), value)
}

func setIn(content any, steps []string, value any) []Operation {
	for i, step := range steps {
		switch at := content.(type) {
		case map[string]any:
			next, ok := at[step]
			if last := i == len(steps)-1; !last && ok && next != nil {
				content = next
				continue
			}
			op := "add"
			if ok {
				op = "replace"
			}
			for k := len(steps) - 1; k > i; k-- {
				if _, err := strconv.Atoi(steps[k]); err == nil {
					return nil // a list cannot be made up
				}
				value = map[string]any{steps[k]: value}
			}
			return []Operation{{Op: op, Path: jsonPointer(steps[:i+1]), Value: value}}
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(at) || i == len(steps)-1 {
				return nil
			}
			content = at[n]
		default:
			return nil
		}
	}
	return nil
}

// jsonPointer spells a path as RFC 6901 does.
func jsonPointer(steps []string) string {
	var b strings.Builder
	for _, step := range steps {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(step))
	}
	return b.String()
}
