package check

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// UIDRange is USER-08.
var UIDRange = &Check{
	ID: "USER-08", Name: "uid-range", Severity: gate.SeverityMedium, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Whether the numbers in USER are ones that runtimes accept: 0 to 2147483647.",
		Why:      "runc refuses others, and so does the kubelet: the container does not start.",
		Example:  "USER -1, 4294967296 and 65532:-1 fail; USER 2147483647 passes, as does a name.",
		Fix:      "Write USER 65532:65532.",
		Controls: []string{"Kubernetes: kubelet verifyRunAsNonRoot"},
	},
	Decide: func(in Input) Result {
		configured := in.Image.Config.User
		name, group, _ := strings.Cut(configured, ":")
		for _, part := range []struct{ what, number string }{{"uid", name}, {"gid", group}} {
			if outOfRange(part.number) {
				return failed(Finding{
					Message: fmt.Sprintf("the %s of USER %.100q is not between 0 and %d: the container will not start", part.what, configured, math.MaxInt32),
					Fix:     numericFix, Subject: subject(configured),
				})
			}
		}
		return pass()
	},
}

// outOfRange reports whether a word is a number, and none that an id may be.
func outOfRange(word string) bool {
	digits := strings.TrimLeft(word, "+-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return false // a name
	}
	n, err := strconv.ParseInt(word, 10, 64)
	return err != nil || n < 0 || n > math.MaxInt32
}
