package audit

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
)

// AppArmorExplicit is W-19.
var AppArmorExplicit = &Check{
	ID: "W-19", Name: "apparmor-explicit", Severity: gate.SeverityLow,
	Doc: Doc{
		What:     "Whether every container names its AppArmor profile: its own, else the pod's, else by the annotation of old.",
		Why:      "Runtimes apply their default profile only on nodes that have AppArmor; naming it keeps the pod off nodes that do not. It is of low weight because clusters on SELinux do without.",
		Example:  "No appArmorProfile fails; `appArmorProfile: {type: RuntimeDefault}` on the pod does not.",
		Fix:      "Set appArmorProfile: {type: RuntimeDefault} on the pod, where nodes have AppArmor.",
		Controls: []string{"CIS Docker 5.1"},
	},
	Decide: func(in Input) []Finding {
		var all []Finding
		for c := range in.Containers() {
			if windows(c.Template) || c.own().AppArmorProfile != nil || c.pod().AppArmorProfile != nil {
				continue
			}
			if _, ok := c.Template.Meta.Annotations[corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix+c.Spec.Name]; ok {
				continue
			}
			all = append(all, c.finding(".securityContext.appArmorProfile", "no AppArmor profile is named, on the container or its pod", "set appArmorProfile: {type: RuntimeDefault} on the pod, where nodes have AppArmor"))
		}
		return all
	},
}
