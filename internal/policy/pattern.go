package policy

import (
	"fmt"
	"path"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// validPattern holds a repository pattern against its form: path components
// with * ? [a-z], and ** alone as the last one for any depth.
func validPattern(p string) error {
	parts := strings.Split(p, "/")
	for i, part := range parts {
		if part == "**" && i < len(parts)-1 {
			return fmt.Errorf("** stands for any depth, so it comes last")
		}
		if _, err := path.Match(part, ""); err != nil {
			return err
		}
	}
	return nil
}

// matches compares a pattern with a reference component by component, so that
// registry.example/team/* does not reach registry.example/team-b/app or
// registry.example/team/x/app. A pattern with a tag or digest is compared with
// the whole reference.
func matches(pattern string, ref gate.Reference) bool {
	return matchPath(pattern, ref.Name) || (ref.Repository != "" && matchPath(pattern, ref.Repository))
}

func matchPath(pattern, name string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(name, "/")
	for i, w := range want {
		if w == "**" {
			return len(have) > i
		}
		if i >= len(have) {
			return false
		}
		if ok, err := path.Match(w, have[i]); err != nil || !ok {
			return false
		}
	}
	return len(want) == len(have)
}
