package layer

import (
	"strings"
	"testing"
)

func TestNamesStayWithinTheirBound(t *testing.T) {
	for in, want := range map[string]string{
		"short":                   "short",
		"12345678901":             "1234567890…",
		"ééééé":                   "ééééé",
		"éééééa":                  "ééééé…",
		"aéééééa":                 "aéééé…",
		"a\nb":                    "a\uFFFDb",
		strings.Repeat("\xcb", 9): "\uFFFD\uFFFD\uFFFD…",
	} {
		if got := bounded(in, 10); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
