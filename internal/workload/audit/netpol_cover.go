package audit

import (
	"fmt"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// clusterWide is the key of policies that hold pods of all namespaces. No
// namespace has this name.
const clusterWide = "*"

// netpolIndex files policies by namespace.
type netpolIndex struct {
	sets map[string]*netpolSet
	// told are the namespaces whose policies the bundle can be taken to hold:
	// it has the namespace itself, or a policy of it.
	told map[string]bool
}

func indexNetpols(in Input) *netpolIndex {
	x := &netpolIndex{sets: map[string]*netpolSet{}, told: map[string]bool{}}
	for o := range in.Known() {
		if o.Is("", "Namespace") {
			x.told[o.Name()] = true
		}
	}
	lists := map[string][]*netpol{}
	for _, n := range netpolsOf(in.Known()) {
		key := clusterWide
		if !n.cluster {
			key = n.object.Namespace()
			x.told[key] = true
		}
		lists[key] = append(lists[key], n)
	}
	for key, list := range lists {
		x.sets[key] = newNetpolSet(list)
	}
	return x
}

// uncovered finds the pods that no policy closes in one direction.
func uncovered(in Input, direction string, closes func(*netpol) bool) []Finding {
	x := indexNetpols(in)
	var findings []Finding
	for t := range in.Templates() {
		field := under(t.Path, "metadata.labels")
		if t.Spec.HostNetwork {
			findings = append(findings, about(t.Object, t.SpecPath+".hostNetwork",
				fmt.Sprintf("the pod uses its node's network, which network policies do not reach: its %s cannot be restricted", direction),
				"remove hostNetwork, or restrict the node's own traffic"))
			continue
		}
		switch namespace := t.Object.Namespace(); x.answer(t, closes) {
		case coverNone:
			findings = append(findings, about(t.Object, field,
				fmt.Sprintf("no network policy of %s restricts the %s of pods with %s", namespaceWords(namespace), direction, selectorWords(t.Meta.Labels)),
				fmt.Sprintf("add a NetworkPolicy with podSelector: {} and policyTypes: [%s] to the namespace, and one that allows what this pod needs", typeOf(direction))))
		case coverUntold:
			findings = append(findings, unsure(t.Object, field,
				fmt.Sprintf("the objects at hand hold neither %s nor a network policy of it: whether the pod's %s is restricted cannot be told", namespaceWords(namespace), direction),
				"audit the namespace's network policies along with the workload, or hand them in as context"))
		case coverOpaque:
			findings = append(findings, unsure(t.Object, field,
				fmt.Sprintf("only a policy of another kind, whose selection is not evaluated here, may restrict the pod's %s", direction),
				"see that it selects this pod, or add a NetworkPolicy that does"))
		}
	}
	return findings
}

func typeOf(direction string) string {
	if direction == "egress" {
		return "Egress"
	}
	return "Ingress"
}

// cover is whether a direction of a pod's traffic is closed by default.
type cover int

const (
	coverNone   cover = iota // no policy closes it
	coverFull                // one does
	coverOpaque              // one may, in a language that is not evaluated
	coverUntold              // the bundle does not hold the namespace's policies
)

func (x *netpolIndex) answer(t manifest.Template, closes func(*netpol) bool) cover {
	namespace := t.Object.Namespace()
	native := labels.Set(t.Meta.Labels)
	asCilium := labels.Merge(native, labels.Set{"io.kubernetes.pod.namespace": namespace})
	opaque := false
	for _, key := range []string{namespace, clusterWide} {
		s := x.sets[key]
		if s == nil {
			continue
		}
		if s.any(native, func(n *netpol) bool { return !n.cilium && closes(n) }) ||
			s.any(asCilium, func(n *netpol) bool { return n.cilium && closes(n) }) {
			return coverFull
		}
		for _, n := range s.opaque {
			opaque = opaque || closes(n)
		}
	}
	switch {
	case opaque:
		return coverOpaque
	case !x.told[namespace]:
		return coverUntold
	}
	return coverNone
}
