package report

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// facts are a platform in words; what was not looked at says so.
type facts struct {
	Platform, OS, Class, User, Base, Size, Packages string
}

const notLooked = "not looked at"

func factsOf(p gate.PlatformVerdict) facts {
	f := facts{Platform: short(p.Platform, 60), OS: notLooked, Class: notLooked, User: notLooked, Base: "unknown", Size: plural(p.Layers, "layer"), Packages: notLooked}
	if p.OS != nil {
		f.OS = short(strings.TrimSpace(p.OS.Family+" "+p.OS.Name), 80)
	} else if p.Packages != nil {
		f.OS = "none recognised"
	}
	if p.Class != "" {
		f.Class = short(string(p.Class), 40)
	}
	if p.User != nil {
		f.User = short(userText(*p.User), 120)
	}
	if p.Base != nil && p.Base.Reference != "" {
		f.Base = strings.TrimSpace(fmt.Sprintf("%s (%s)", short(p.Base.Reference, 200), short(string(p.Base.Proof), 20)))
	}
	if p.CompressedBytes != nil {
		f.Size = fmt.Sprintf("%s in %s", bytesText(*p.CompressedBytes), f.Size)
	}
	if p.UncompressedBytes != nil {
		f.Size += fmt.Sprintf(", %s unpacked", bytesText(*p.UncompressedBytes))
	}
	if p.Packages != nil {
		f.Packages = fmt.Sprint(*p.Packages)
	}
	return f
}
