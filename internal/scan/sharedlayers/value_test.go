package sharedlayers

import (
	"bytes"
	"strings"
	"testing"
)

const (
	generation = "0123456789abcdef"
	diffID     = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	another    = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
)

var key = bytes.Repeat([]byte{7}, KeySize)

func TestOnlyWhatAGateSealedForThisLayerIsOpened(t *testing.T) {
	facts := []byte("facts")
	other := bytes.Repeat([]byte{8}, KeySize)
	whole := seal(key, generation, diffID, facts)
	change := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 1
		return b
	}
	for _, test := range []struct {
		name  string
		value []byte
		opens bool
	}{
		{"as it was sealed", whole, true},
		{"of no data", seal(key, generation, diffID, nil), true},
		{"of another layer", seal(key, generation, another, facts), false},
		{"of another generation", seal(key, "fedcba9876543210", diffID, facts), false},
		{"under another key", seal(other, generation, diffID, facts), false},
		{"with a byte moved from the layer's name to the data", seal(key, generation, diffID[:len(diffID)-1], append([]byte("5"), facts...)), false},
		{"of another version", change(0), false},
		{"with a bit of the MAC changed", change(1), false},
		{"with a bit of the data changed", change(len(whole) - 1), false},
		{"cut by a byte", whole[:len(whole)-1], false},
		{"cut to its MAC", whole[:overhead], false},
		{"cut within its MAC", whole[:overhead-1], false},
		{"with a byte more", append(bytes.Clone(whole), 0), false},
		{"empty", nil, false},
		{"larger than may be", seal(key, generation, diffID, make([]byte, MaxEntry+1)), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			data, ok := open(key, generation, diffID, test.value)
			if ok != test.opens {
				t.Errorf("opened: %v, want %v", ok, test.opens)
			}
			if test.name == "as it was sealed" && !bytes.Equal(data, facts) {
				t.Errorf("opened to %q", data)
			}
		})
	}
}

func TestNamesThatAreNotLayersReachNoRedis(t *testing.T) {
	for _, layer := range []string{"", "sha256:..", diffID + "\r\nFLUSHALL", strings.Repeat("a", 1<<20)} {
		if n, err := name(generation, layer); err == nil || len(err.Error()) > 300 {
			t.Errorf("the layer %.40q is %q, %.300v", layer, n, err)
		}
		if n, err := name(layer, diffID); err == nil {
			t.Errorf("the generation %.40q is %q", layer, n)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(generation, diffID, seal(key, generation, diffID, []byte("facts")))
	f.Add("", "", []byte{version})
	f.Fuzz(func(t *testing.T, generation, diffID string, value []byte) {
		data, ok := open(key, generation, diffID, value)
		if ok && !bytes.Equal(seal(key, generation, diffID, data), value) {
			t.Errorf("%q counts for %q of %q and is not what a gate would have written", value, diffID, generation)
		}
		if data, ok := open(key, generation, diffID, seal(key, generation, diffID, value)); !ok || !bytes.Equal(data, value) {
			t.Errorf("%q does not come back", value)
		}
	})
}
