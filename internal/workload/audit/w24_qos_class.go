package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubectl/pkg/util/qos"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// QoSClass is W-24.
var QoSClass = &Check{
	ID: "W-24", Name: "qos-class", Severity: gate.SeverityLow,
	Doc: Doc{
		What:    "Whether the pod's class of service is not BestEffort, and Guaranteed where the pod is critical: its priority class is system-node-critical or system-cluster-critical, or a label named criticality, priority or tier says critical.",
		Why:     "A node short of memory ends BestEffort pods first and Guaranteed ones last.",
		Example: "No resources at all, or a critical pod whose limits exceed its requests, fail; requests alone do not.",
		Fix:     "Set requests; for critical pods set limits equal to them.",
	},
	Decide: func(in Input) []Finding {
		given := rangesOf(in)
		var all []Finding
		for t := range in.Templates() {
			class := classOf(t)
			f := Finding{Object: t.Object, Field: t.SpecPath}
			switch {
			case class == corev1.PodQOSBestEffort && len(given[t.Object.Namespace()]) == 0:
				f.Message = "the pod's class of service is BestEffort: it is the first to be ended when its node runs short"
				f.Fix = "set requests of cpu and memory"
			case class != corev1.PodQOSGuaranteed && critical(t):
				f.Message = fmt.Sprintf("the pod says that it is critical, and its class of service is %s", class)
				f.Fix = "set limits of cpu and memory, and requests equal to them, on every container"
			default:
				continue
			}
			all = append(all, f)
		}
		return all
	},
}

// classOf is the class the cluster will compute, after it has given requests
// that are left out the value of their limits.
func classOf(t manifest.Template) corev1.PodQOSClass {
	spec := t.Spec
	spec.Containers, spec.InitContainers = requested(spec.Containers), requested(spec.InitContainers)
	return qos.ComputePodQOS(&corev1.Pod{Spec: spec})
}

func requested(list []corev1.Container) []corev1.Container {
	list = slices.Clone(list)
	for i, c := range list {
		requests := maps.Clone(c.Resources.Requests)
		if requests == nil {
			requests = corev1.ResourceList{}
		}
		for name, limit := range c.Resources.Limits {
			if _, ok := requests[name]; !ok {
				requests[name] = limit
			}
		}
		list[i].Resources.Requests = requests
	}
	return list
}

func critical(t manifest.Template) bool {
	if strings.HasPrefix(t.Spec.PriorityClassName, "system-") && strings.HasSuffix(t.Spec.PriorityClassName, "-critical") {
		return true
	}
	for key, value := range t.Meta.Labels {
		name := key[strings.LastIndex(key, "/")+1:]
		if value == "critical" && slices.Contains([]string{"criticality", "priority", "tier"}, name) || name == "critical" && value == "true" {
			return true
		}
	}
	return false
}
