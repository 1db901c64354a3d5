package audit

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// selecting are the kinds whose selector must match the labels of their own
// template, by group.
var selecting = map[string][]string{
	"apps":        {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"},
	"argoproj.io": {"Rollout"},
}

// selectsItself reports workloads whose selector does not match their own
// pods: the API server refuses them.
func selectsItself(o *manifest.Object) []Finding {
	matches := false
	for _, kind := range selecting[o.GVK().Group] {
		matches = matches || o.Kind() == kind
	}
	if !matches {
		return nil
	}
	content, ok, err := unstructured.NestedMap(o.Unstructured.Object, "spec", "selector")
	if err != nil || !ok {
		return nil // that it is missing, and must not be, the decoder or server says
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &selector); err != nil {
		return nil
	}
	match, err := metav1.LabelSelectorAsSelector(&selector)
	if err != nil {
		return []Finding{{Object: o, Field: "spec.selector", Message: fmt.Sprintf("the selector is none: %.300s", err), Fix: "write matchLabels with the labels of the template"}}
	}
	for _, t := range manifest.Templates(o) {
		if t.Path == "spec.template" && !match.Matches(labels.Set(t.Meta.Labels)) {
			return []Finding{{
				Object: o, Field: "spec.selector",
				Message: fmt.Sprintf("the selector %.200q does not match the template's own labels %.200q", match.String(), labels.Set(t.Meta.Labels).String()),
				Fix:     "give the template the labels that the selector names",
			}}
		}
	}
	return nil
}

// selectsNothing reports Services whose selector matches no pod of their
// namespace, as far as workloads of it are known: a bundle may hold the
// Service alone.
func selectsNothing(in Input) []Finding {
	pods := map[string][]labels.Set{}
	for o := range in.Known() {
		for _, t := range manifest.Templates(o) {
			pods[o.Namespace()] = append(pods[o.Namespace()], t.Meta.Labels)
		}
	}
	var all []Finding
	for _, o := range in.Objects {
		candidates := pods[o.Namespace()]
		if !o.Is("", "Service") || len(candidates) == 0 {
			continue
		}
		selector, ok, err := unstructured.NestedStringMap(o.Unstructured.Object, "spec", "selector")
		if err != nil || !ok || len(selector) == 0 {
			continue
		}
		match := labels.SelectorFromSet(selector)
		selects := false
		for _, pod := range candidates {
			selects = selects || match.Matches(pod)
		}
		if !selects {
			all = append(all, Finding{
				Object: o, Field: "spec.selector", Severity: gate.SeverityMedium,
				Message: fmt.Sprintf("the selector %.200q matches none of the pods of its namespace that are known here", match.String()),
				Fix:     "correct the labels, or name the directory that holds the workload with --context",
			})
		}
	}
	return all
}
