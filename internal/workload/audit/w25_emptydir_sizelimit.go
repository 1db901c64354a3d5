package audit

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
)

// EmptyDirSizeLimit is W-25.
var EmptyDirSizeLimit = &Check{
	ID: "W-25", Name: "emptydir-sizelimit", Severity: gate.SeverityLow,
	Doc: Doc{
		What:    "Whether every emptyDir has a sizeLimit.",
		Why:     "Without one it grows until the node's disk is full or, with medium Memory, until the container's memory limit or half the node's memory is.",
		Example: "`emptyDir: {}` and `emptyDir: {medium: Memory}` fail; `emptyDir: {sizeLimit: 100Mi}` does not.",
		Fix:     "Set sizeLimit.",
	},
	Decide: func(in Input) []Finding {
		var all []Finding
		for t := range in.Templates() {
			for i, v := range t.Spec.Volumes {
				if v.EmptyDir == nil || v.EmptyDir.SizeLimit != nil && !v.EmptyDir.SizeLimit.IsZero() {
					continue
				}
				where := "the node's disk"
				if v.EmptyDir.Medium == corev1.StorageMediumMemory {
					where = "memory"
				}
				all = append(all, Finding{
					Object: t.Object, Field: fmt.Sprintf("%s.volumes[%d].emptyDir.sizeLimit", t.SpecPath, i),
					Message: fmt.Sprintf("the emptyDir %.100q has no sizeLimit and may fill %s", v.Name, where),
					Fix:     "set sizeLimit to what the program needs at most",
				})
			}
		}
		return all
	},
}
