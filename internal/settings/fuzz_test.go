package settings

import (
	"maps"
	"testing"

	"go.yaml.in/yaml/v3"
)

// What a file says is said by a file of plain strings, too: no value is one of
// Go's own words for it.
func FuzzFlagValues(f *testing.F) {
	for _, s := range []string{
		"the-server: https://gate.example\nplatform: [linux/amd64, linux/arm64]\n", "a: 010\nb: 2026-06-01\nc: ~\nd:\n", "a: &a [b]\nc: *a\n", "a: &a [*a]\n",
		"<<: {a: b}\n", "a: {b: c}\n", "a: !!binary aGk=\n", "? [a]\n: b\n", "a: b\n---\nc: d\n", "a: |\n  b\n  c\n", "\xff", "1: 2\ntrue: no\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		values, err := flagValues(data)
		if err != nil {
			return
		}
		for key, value := range values {
			if len(value) > maxFile {
				t.Errorf("%q has %d bytes", key, len(value))
			}
		}
		plain, err := yaml.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := flagValues(plain); err != nil || !maps.Equal(values, again) {
			t.Errorf("%q are written as %q and then read as %q, %v", values, plain, again, err)
		}
	})
}
