package audit

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// ReadOnlyRootFS is W-04.
var ReadOnlyRootFS = &Check{
	ID: "W-04", Name: "readonly-rootfs", Severity: gate.SeverityHigh,
	Doc: Doc{
		What:     "Whether every container's root filesystem is read-only.",
		Why:      "Whoever gets into a writable container can replace its programs and leave tools behind.",
		Example:  "No `readOnlyRootFilesystem`, or `false`, fails, in init and ephemeral containers too; `true` does not. The field exists on containers only: on the pod it means nothing.",
		Fix:      "Set readOnlyRootFilesystem: true and mount an emptyDir with a sizeLimit wherever the program writes.",
		Controls: []string{"CIS Docker 5.12", "NIST SP 800-190 4.4.4"},
	},
	Decide: func(in Input) []Finding {
		var all []Finding
		for c := range in.Containers() {
			if ro := c.own().ReadOnlyRootFilesystem; windows(c.Template) || ro != nil && *ro {
				continue
			}
			f := c.finding(".securityContext.readOnlyRootFilesystem", "the root filesystem is writable", "set readOnlyRootFilesystem: true and mount an emptyDir where the program writes"+c.writes(in.Options))
			f.Patch = set(c.Template.Object, f.Field, true)
			all = append(all, f)
		}
		return all
	},
}

// writes names the paths that the image declares as volumes and the container
// does not mount: there it will want to write.
func (c Container) writes(o Options) string {
	facts, _ := o.image(c.Spec.Image)
	var paths []string
	for _, path := range facts.Volumes {
		mounted := false
		for _, m := range c.Spec.VolumeMounts {
			mounted = mounted || strings.TrimRight(m.MountPath, "/") == strings.TrimRight(path, "/")
		}
		if !mounted {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return ""
	}
	return fmt.Sprintf(", for example at %.200s, which the image declares as a volume", strings.Join(paths, ", "))
}
