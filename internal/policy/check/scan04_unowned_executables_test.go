package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestUnownedExecutables(t *testing.T) {
	unowned := func(u gate.Unowned) func(*Input) {
		return func(in *Input) { in.Image.Contents.Unowned = &u }
	}
	app := gate.File{Path: "/app", Size: 9 << 20}
	library := gate.File{Path: "/usr/local/lib/libssl.so.1.1", Size: 600 << 10, Layer: 1}
	test(t, UnownedExecutables, []scenario{
		{name: "none", want: Pass},
		{name: "nobody looked", change: func(in *Input) { in.Image.Contents.Unowned = nil }, want: Unknown},
		{name: "the program that the image starts", change: unowned(gate.Unowned{Count: 1, Files: []gate.File{app}}), want: Pass},
		{name: "a library beside it", change: unowned(gate.Unowned{Count: 2, Files: []gate.File{app, library}}), want: Fail, severity: gate.SeverityLow, says: "/usr/local/lib/libssl.so.1.1 (600.0 KiB)"},
		{name: "more than are listed", change: unowned(gate.Unowned{Count: 90, Files: []gate.File{app}}), want: Fail, severity: gate.SeverityLow, says: "and 89 more programs"},
		{name: "a packed program, be it the image's own", change: unowned(gate.Unowned{Count: 2, Files: []gate.File{app, library}, Packed: []gate.File{app}}), want: Fail, severity: gate.SeverityMedium, says: "/app is compressed by an executable packer"},
		{name: "no layer was read", change: unread, want: Unknown},
		{name: "package records that list no files, as of old distroless images", change: func(in *Input) {
			in.Image.Contents.Unowned = &gate.Unowned{Unlisted: true}
		}, want: Unknown, says: "do not list files"},
	})
}

func TestUnownedFilesAddUp(t *testing.T) {
	in := sound()
	in.Image = &in.Evidence.Images[0]
	u := &gate.Unowned{Count: 20, Packed: []gate.File{{Path: "/packed"}}, Files: []gate.File{{Path: "/app"}}}
	for i := range 12 {
		u.Files = append(u.Files, gate.File{Path: fmt.Sprintf("/lib%d.so", i)})
	}
	in.Image.Contents.Unowned = u
	got := UnownedExecutables.Decide(*in).Findings
	// 20 are one packed, the application, ten that are named, and the rest.
	if last := got[len(got)-1].Message; len(got) != 12 || !strings.HasPrefix(last, "and 8 more") {
		t.Errorf("%d findings, the last %q", len(got), last)
	}
}
