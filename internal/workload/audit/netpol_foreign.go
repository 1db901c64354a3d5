package audit

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// The policies of Cilium, Calico and the cluster's administrators. Not to know
// them would call every pod of such a cluster unprotected.

// ciliumNetpols reads CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy.
// Each holds one rule (spec) or several (specs).
func ciliumNetpols(o *manifest.Object) []*netpol {
	cluster := o.Kind() == "CiliumClusterwideNetworkPolicy"
	if !cluster && o.Kind() != "CiliumNetworkPolicy" {
		return nil
	}
	rules, _, _ := unstructured.NestedSlice(o.Unstructured.Object, "specs")
	if spec, found, _ := unstructured.NestedMap(o.Unstructured.Object, "spec"); found {
		rules = append(rules, spec)
	}
	var list []*netpol
	for _, r := range rules {
		rule, ok := r.(map[string]any)
		if !ok || rule["nodeSelector"] != nil { // rules for nodes hold no pod
			continue
		}
		n := &netpol{object: o, cluster: cluster, cilium: true, selector: ciliumSelector(rule["endpointSelector"])}
		n.ingress = ciliumDenies(rule, "ingress")
		n.egress = ciliumDenies(rule, "egress")
		list = append(list, n)
	}
	return list
}

// ciliumDenies reports whether a rule closes a direction: one that has a
// section for it does, unless enableDefaultDeny says otherwise.
func ciliumDenies(rule map[string]any, direction string) bool {
	if denies, found, _ := unstructured.NestedBool(rule, "enableDefaultDeny", direction); found {
		return denies
	}
	return rule[direction] != nil || rule[direction+"Deny"] != nil
}

// ciliumSelector reads a label selector whose keys may name their source
// ("k8s:app", "any:app"). Both {} and {matchLabels: {}} select everything.
func ciliumSelector(v any) labels.Selector {
	content, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	var s metav1.LabelSelector
	if runtime.DefaultUnstructuredConverter.FromUnstructured(content, &s) != nil {
		return nil
	}
	plain := metav1.LabelSelector{MatchLabels: map[string]string{}}
	for k, v := range s.MatchLabels {
		plain.MatchLabels[ciliumKey(k)] = v
	}
	for _, e := range s.MatchExpressions {
		e.Key = ciliumKey(e.Key)
		plain.MatchExpressions = append(plain.MatchExpressions, e)
	}
	selector, err := metav1.LabelSelectorAsSelector(&plain)
	if err != nil || strings.Contains(selector.String(), "io.cilium.") {
		return nil // labels that Cilium derives and the bundle does not show
	}
	return selector
}

func ciliumKey(key string) string {
	for _, source := range []string{"k8s:", "any:", "k8s.", "any."} {
		if rest, found := strings.CutPrefix(key, source); found {
			return rest
		}
	}
	return key
}

// calicoNetpols reads Calico's NetworkPolicy and GlobalNetworkPolicy. Calico's
// selectors are a language of their own: only "all pods" is understood.
func calicoNetpols(o *manifest.Object) []*netpol {
	cluster := o.Kind() == "GlobalNetworkPolicy"
	if !cluster && o.Kind() != "NetworkPolicy" {
		return nil
	}
	n := &netpol{object: o, cluster: cluster}
	text, _, _ := unstructured.NestedString(o.Unstructured.Object, "spec", "selector")
	namespaces, _, _ := unstructured.NestedString(o.Unstructured.Object, "spec", "namespaceSelector")
	if (text == "" || strings.TrimSpace(text) == "all()") && namespaces == "" {
		n.selector = labels.Everything()
	}
	types, _, _ := unstructured.NestedStringSlice(o.Unstructured.Object, "spec", "types")
	for _, t := range types {
		n.ingress = n.ingress || t == "Ingress"
		n.egress = n.egress || t == "Egress"
	}
	if len(types) == 0 { // Calico's own default
		_, n.egress, _ = unstructured.NestedSlice(o.Unstructured.Object, "spec", "egress")
		_, ingress, _ := unstructured.NestedSlice(o.Unstructured.Object, "spec", "ingress")
		n.ingress = ingress || !n.egress
	}
	return []*netpol{n}
}

// adminNetpols recognises the cluster administrator's policies. Their tiers and
// actions are not evaluated, so whom they hold stays open.
func adminNetpols(o *manifest.Object) []*netpol {
	switch o.Kind() {
	case "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy":
		return []*netpol{{object: o, cluster: true, ingress: true, egress: true}}
	}
	return nil
}
