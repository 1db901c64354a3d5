package audit

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// ranges are the LimitRanges of namespaces, which give containers the limits
// and requests that they leave out.
type ranges map[string][]corev1.LimitRangeItem

func rangesOf(in Input) ranges {
	all := ranges{}
	for o := range in.Known() {
		if !o.Is("", "LimitRange") {
			continue
		}
		var r corev1.LimitRange
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Unstructured.Object, &r); err != nil {
			continue // W-00 says what is wrong with it
		}
		for _, item := range r.Spec.Limits {
			if item.Type == corev1.LimitTypeContainer {
				all[o.Namespace()] = append(all[o.Namespace()], item)
			}
		}
	}
	return all
}

// limit is a container's effective limit: its own, else the pod's as a whole,
// else what a LimitRange of the namespace gives.
func (r ranges) limit(c Container, name corev1.ResourceName) (value resource, ok bool) {
	if q, ok := c.Spec.Resources.Limits[name]; ok && !q.IsZero() {
		return resource{q.AsApproximateFloat64(), true}, true
	}
	if whole := c.Template.Spec.Resources; whole != nil {
		if q, ok := whole.Limits[name]; ok && !q.IsZero() {
			return resource{q.AsApproximateFloat64(), false}, true
		}
	}
	for _, item := range r[c.Template.Object.Namespace()] {
		if q, ok := item.Default[name]; ok && !q.IsZero() {
			return resource{q.AsApproximateFloat64(), true}, true
		}
		if q, ok := item.Max[name]; ok && !q.IsZero() { // the default of a default
			return resource{q.AsApproximateFloat64(), true}, true
		}
	}
	return resource{}, false
}

// request is a container's effective request: its own, else its own limit,
// else the pod's, else what a LimitRange gives.
func (r ranges) request(c Container, name corev1.ResourceName) (value resource, ok bool) {
	if q, ok := c.Spec.Resources.Requests[name]; ok && !q.IsZero() {
		return resource{q.AsApproximateFloat64(), true}, true
	}
	if q, ok := c.Spec.Resources.Limits[name]; ok && !q.IsZero() {
		return resource{q.AsApproximateFloat64(), true}, true
	}
	if whole := c.Template.Spec.Resources; whole != nil {
		for _, list := range []corev1.ResourceList{whole.Requests, whole.Limits} {
			if q, ok := list[name]; ok && !q.IsZero() {
				return resource{q.AsApproximateFloat64(), false}, true
			}
		}
	}
	for _, item := range r[c.Template.Object.Namespace()] {
		for _, list := range []corev1.ResourceList{item.DefaultRequest, item.Default, item.Min} {
			if q, ok := list[name]; ok && !q.IsZero() {
				return resource{q.AsApproximateFloat64(), true}, true
			}
		}
	}
	return resource{}, false
}

// resource is an amount, in cores or bytes, and whether it is one container's
// or shared by the pod.
type resource struct {
	amount float64
	single bool
}
