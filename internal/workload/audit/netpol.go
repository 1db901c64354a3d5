package audit

import (
	"iter"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// netpol is what any kind of network policy says about the pods it selects.
type netpol struct {
	object *manifest.Object
	// cluster policies select pods of all namespaces.
	cluster bool
	// selector is nil where the selection is written in a language that this
	// audit does not evaluate: the policy is present, and may hold any pod.
	selector labels.Selector
	// ingress and egress say which direction is denied unless a rule allows it.
	ingress, egress bool
	// cilium policies see a pod's namespace as one of its labels.
	cilium bool
	// policy is Kubernetes' own type; nil for all others.
	policy *networkingv1.NetworkPolicy
}

// netpolsOf reads all network policies among the objects. One that cannot be
// decoded is left out here: the check of decoding names it.
func netpolsOf(objects iter.Seq[*manifest.Object]) []*netpol {
	var list []*netpol
	for o := range objects {
		gvk := o.GVK()
		switch {
		case o.Is(networkingv1.GroupName, "NetworkPolicy"):
			if p := nativeNetpol(o); p != nil {
				list = append(list, p)
			}
		case gvk.Group == "cilium.io":
			list = append(list, ciliumNetpols(o)...)
		case gvk.Group == "projectcalico.org" || gvk.Group == "crd.projectcalico.org":
			list = append(list, calicoNetpols(o)...)
		case gvk.Group == "policy.networking.k8s.io":
			list = append(list, adminNetpols(o)...)
		}
	}
	return list
}

func nativeNetpol(o *manifest.Object) *netpol {
	var p networkingv1.NetworkPolicy
	if decode(o, &p) != nil {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(&p.Spec.PodSelector)
	if err != nil {
		return nil
	}
	n := &netpol{object: o, selector: selector, policy: &p}
	for _, t := range p.Spec.PolicyTypes {
		n.ingress = n.ingress || t == networkingv1.PolicyTypeIngress
		n.egress = n.egress || t == networkingv1.PolicyTypeEgress
	}
	if len(p.Spec.PolicyTypes) == 0 { // as the API server fills it in
		n.ingress, n.egress = true, len(p.Spec.Egress) > 0
	}
	return n
}
