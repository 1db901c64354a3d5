package audit

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// NetpolDangling is W-33.
var NetpolDangling = &Check{
	ID: "W-33", Name: "netpol-dangling", Severity: gate.SeverityLow,
	Doc: Doc{
		What:     "Network policies that select nothing: no pod of their namespace, or, in a rule, namespaces by a label that none has.",
		Why:      "A policy that selects no pod protects none. A rule that selects no namespace allows nothing: name lookups fail, and somebody opens everything to make it work.",
		Example:  "namespaceSelector: {matchLabels: {name: kube-system}} fails: no one sets that label; kubernetes.io/metadata.name: kube-system passes, the API server sets it. podSelector: {} passes.",
		Fix:      "Select by labels that exist; namespaces by kubernetes.io/metadata.name.",
		Controls: []string{"CIS Kubernetes 5.3.2"},
	},
	Decide: func(in Input) []Finding {
		pods, namespaces := podLabelsOf(in), namespacesOf(in)
		sets := newLabelSets()
		for _, set := range namespaces {
			sets.add(set)
		}
		var findings []Finding
		for _, n := range netpolsOf(judged(in)) {
			if n.policy == nil {
				continue
			}
			findings = append(findings, selectsNoPod(n, pods)...)
			for _, f := range flowsOf(n) {
				for i, end := range f.ends {
					if s := end.NamespaceSelector; s != nil && !emptySelector(s) {
						findings = append(findings, selectsNoNamespace(n.object, f.end(i)+".namespaceSelector", s, namespaces, sets)...)
					}
				}
			}
		}
		return findings
	},
}

// podLabelsOf are the labels of the bundle's pods, by namespace.
func podLabelsOf(in Input) map[string]*labelSets {
	namespaces := map[string]*labelSets{}
	for o := range in.Known() {
		for _, t := range manifest.Templates(o) {
			if namespaces[o.Namespace()] == nil {
				namespaces[o.Namespace()] = newLabelSets()
			}
			namespaces[o.Namespace()].add(t.Meta.Labels)
		}
	}
	return namespaces
}

func selectsNoPod(n *netpol, namespaces map[string]*labelSets) []Finding {
	if n.selector.Empty() {
		return nil // all there is, and all that will be
	}
	namespace := n.object.Namespace()
	pods := namespaces[namespace]
	if pods == nil {
		return []Finding{unsure(n.object, "spec.podSelector",
			fmt.Sprintf("no pod of %s is among the objects: whether the policy selects any cannot be told", namespaceWords(namespace)),
			"audit the policy along with its workloads")}
	}
	if pods.any(n.policy.Spec.PodSelector.MatchLabels, n.selector) {
		return nil
	}
	return []Finding{about(n.object, "spec.podSelector",
		fmt.Sprintf("the policy selects %s, and no pod of %s has these labels", n.selector, namespaceWords(namespace)),
		"select labels of the pod template, or remove the policy")}
}

// mistaken are label keys that people expect a namespace to have.
var mistaken = []string{"name", "namespace", "ns", "kubernetes.io/name"}

func selectsNoNamespace(o *manifest.Object, field string, s *metav1.LabelSelector, namespaces map[string]map[string]string, sets *labelSets) []Finding {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return []Finding{about(o, field, "the selector is invalid: "+err.Error(), "correct it: the API server refuses the policy")}
	}
	if s.MatchLabels[corev1.LabelMetadataName] != "" && len(s.MatchLabels) == 1 && len(s.MatchExpressions) == 0 {
		return nil // names a namespace, which may be anywhere in the cluster
	}
	for _, key := range mistaken {
		if name := s.MatchLabels[key]; name != "" {
			return wrongLabel(o, field, s, key, name, namespaces)
		}
	}
	if sets.any(s.MatchLabels, selector) {
		return nil
	}
	return []Finding{unsure(o, field, fmt.Sprintf("the rule selects namespaces with %s, and none of those at hand has these labels", selector),
		"label the namespaces, or select them by kubernetes.io/metadata.name")}
}

// wrongLabel judges a selector of namespaces by a label that looks like their
// name. Only Kubernetes' own namespaces and those of the bundle are certain.
func wrongLabel(o *manifest.Object, field string, s *metav1.LabelSelector, key, name string, namespaces map[string]map[string]string) []Finding {
	own, known := namespaces[name]
	if known && own[key] == name {
		return nil
	}
	working := corev1.LabelMetadataName + ": " + name
	fix := "select by the label that the API server sets on every namespace: " + working
	if !known && !slices.Contains([]string{"kube-system", "kube-public", "kube-node-lease", "default"}, name) {
		return []Finding{unsure(o, field, fmt.Sprintf("the rule selects namespaces by the label %s: %s, which nobody sets by default, and namespace %q is not among the objects", key, name, name), fix)}
	}
	lacks := fmt.Sprintf("which namespace %q does not have", name)
	if !known {
		lacks = fmt.Sprintf("which no cluster sets on namespace %q", name)
	}
	f := about(o, field, fmt.Sprintf("the rule selects namespaces by the label %s: %s, %s: it allows nothing; the label that works is %s", key, name, lacks, working), fix)
	f.Severity = gate.SeverityMedium
	if len(s.MatchLabels) == 1 && len(s.MatchExpressions) == 0 {
		f.Patch = set(o, field+".matchLabels", map[string]any{corev1.LabelMetadataName: name})
	}
	return []Finding{f}
}
