package audit

import (
	"fmt"
	"iter"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// Checks that join objects (a pod with the policies of its namespace, a pod
// with its service account) look them up in maps that are built once for each
// check, so that a bundle of n objects costs n steps and not n².

// named is a namespaced object's name. Manifests that leave their namespace
// to whoever applies them belong together under the empty one.
type named struct{ namespace, name string }

// judged yields what is audited.
func judged(in Input) iter.Seq[*manifest.Object] { return slices.Values(in.Objects) }

// decode reads an object into Kubernetes' own type.
func decode(o *manifest.Object, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(o.Unstructured.Object, into)
}

// workloads are the audited objects that run pods.
func workloads(in Input) []*manifest.Object {
	var list []*manifest.Object
	for _, o := range in.Objects {
		if len(manifest.Templates(o)) > 0 {
			list = append(list, o)
		}
	}
	return list
}

// serviceAccountOf is the account a pod runs under.
func serviceAccountOf(spec *corev1.PodSpec) string {
	switch {
	case spec.ServiceAccountName != "":
		return spec.ServiceAccountName
	case spec.DeprecatedServiceAccount != "":
		return spec.DeprecatedServiceAccount
	}
	return "default"
}

// accountsOf are the service accounts of the bundle.
func accountsOf(in Input) map[named]*corev1.ServiceAccount {
	accounts := map[named]*corev1.ServiceAccount{}
	for o := range in.Known() {
		if !o.Is("", "ServiceAccount") {
			continue
		}
		var a corev1.ServiceAccount
		if decode(o, &a) == nil {
			accounts[named{o.Namespace(), o.Name()}] = &a
		}
	}
	return accounts
}

// namespacesOf are the labels of the bundle's namespaces, with the one that
// the API server adds to each.
func namespacesOf(in Input) map[string]map[string]string {
	namespaces := map[string]map[string]string{}
	for o := range in.Known() {
		if !o.Is("", "Namespace") {
			continue
		}
		labels := map[string]string{corev1.LabelMetadataName: o.Name()}
		for k, v := range o.Labels() {
			labels[k] = v
		}
		namespaces[o.Name()] = labels
	}
	return namespaces
}

// about is a finding about an object's field.
func about(o *manifest.Object, field, message, fix string) Finding {
	return Finding{Object: o, Field: field, Message: message, Fix: fix}
}

// unsure is a finding that the bundle cannot prove.
func unsure(o *manifest.Object, field, message, fix string) Finding {
	f := about(o, field, message, fix)
	f.Outcome = "unknown"
	return f
}

// under joins a field to the one that holds it, which may be the object.
func under(parent, field string) string {
	if parent == "" {
		return field
	}
	return parent + "." + field
}

// namespaceWords names a namespace, which manifests may leave open.
func namespaceWords(namespace string) string {
	if namespace == "" {
		return "the namespace it will be applied to"
	}
	return fmt.Sprintf("namespace %q", namespace)
}

// selectorWords spells a pod's labels as kubectl's --selector takes them.
func selectorWords(labels map[string]string) string {
	if len(labels) == 0 {
		return "no labels"
	}
	return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: labels})
}
