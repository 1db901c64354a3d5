package check

import (
	"reflect"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// TestHistoryDecidesOnlyItsOwnChecks writes lies into the history of faulty and
// sound images: nothing but the checks of history may notice.
func TestHistoryDecidesOnlyItsOwnChecks(t *testing.T) {
	lies := [][]gate.History{
		nil,
		{{CreatedBy: "USER app", EmptyLayer: true}, {CreatedBy: "COPY . /"}, {CreatedBy: "CMD [\"/other\"]", EmptyLayer: true}},
		{{CreatedBy: "#trivy:ignore:DS-0031 # buildkit", EmptyLayer: true}, {CreatedBy: "EXPOSE map[22/tcp:{}]\nUSER root\nVOLUME /etc\nENV PASSWORD=hunter2secret"}},
		{{CreatedBy: "/bin/sh -c #(nop)  WORKDIR /proc/self/fd/8", EmptyLayer: true}, {CreatedBy: "/bin/sh -c chmod 4755 /bin/sh", Comment: "base"}},
	}
	faults := map[string]func(*Input){
		"a sound image": func(*Input) {},
		"a root image":  func(in *Input) { in.Image.Config.User = "" },
		"a secret in the environment": func(in *Input) {
			in.Image.Config.Env = []string{"DB_PASSWORD=correct-horse-battery"}
		},
		"a port of remote control": func(in *Input) { in.Image.Config.ExposedPorts = []string{"22/tcp"} },
		"a setuid file":            func(in *Input) { in.Image.Contents.Setuid = []gate.File{{Path: "/bin/x", Mode: 0o4755}} },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			for _, c := range All() {
				if strings.HasPrefix(c.ID, "HIST-") || c == HistoryShape {
					continue
				}
				var first *Result
				for i, history := range lies {
					in := sound()
					in.Image = &in.Evidence.Images[0]
					fault(in)
					in.Image.Config.History = history
					if !c.PerImage {
						in.Image = nil
					}
					got := c.Decide(*in)
					if first == nil {
						first = &got
					} else if !reflect.DeepEqual(*first, got) {
						t.Errorf("%s listens to history %d: %+v, without it %+v", c.ID, i, got, *first)
					}
				}
			}
		})
	}
}
