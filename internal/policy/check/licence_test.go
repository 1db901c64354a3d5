package check

import (
	"strings"
	"testing"
)

func TestDeniedLicence(t *testing.T) {
	deep := strings.Repeat("(", 100) + "AGPL-3.0-only" + strings.Repeat(")", 100)
	for _, test := range []struct{ name, licence, want string }{
		{"an allowed one", "MIT", ""},
		{"a denied one", "AGPL-3.0-only", "AGPL-3.0-only"},
		{"in small letters", "agpl-3.0-or-later", "agpl-3.0-or-later"},
		{"an alternative", "MIT OR AGPL-3.0-only", ""},
		{"an alternative in parentheses", "(AGPL-3.0-only OR (MIT OR BSD-3-Clause))", ""},
		{"no alternative that is allowed", "AGPL-3.0-only OR SSPL-1.0", "AGPL-3.0-only"},
		{"a part", "MIT AND AGPL-3.0-only", "AGPL-3.0-only"},
		{"AND binds more than OR", "MIT OR AGPL-3.0-only AND BSD-3-Clause", ""},
		{"a part that is an alternative", "Apache-2.0 AND (AGPL-3.0-only OR MIT)", ""},
		{"every part of every alternative", "(MIT AND SSPL-1.0) OR (BSD-3-Clause AND AGPL-3.0-only)", "SSPL-1.0"},
		{"with an exception", "AGPL-3.0-only WITH Bison-exception-2.2", "AGPL-3.0-only"},
		{"without its suffix", "SSPL-1.0+", "SSPL-1.0+"},
		{"another version", "SSPL-1.1", ""},
		{"any words", "see AGPL-3 in the file COPYING", "AGPL-3"},
		{"half an expression", "MIT OR", ""},
		{"half an expression with a denied part", "MIT AND (AGPL-3.0-only", "AGPL-3.0-only"},
		{"nested without end", deep, "AGPL-3.0-only"},
		{"nothing", "", ""},
	} {
		if got := deniedLicence(test.licence, []string{"AGPL-*", "SSPL-1.0"}); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func FuzzDeniedLicence(f *testing.F) {
	f.Add("(MIT OR AGPL-3.0-only) AND BSD-3-Clause WITH x")
	f.Add(strings.Repeat("((", 3000))
	f.Fuzz(func(t *testing.T, licence string) {
		if got := deniedLicence(licence, []string{"AGPL-*"}); got != "" && !strings.Contains(strings.ToLower(licence), "agpl-") {
			t.Errorf("%q is denied for %q", licence, got)
		}
	})
}
