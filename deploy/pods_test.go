package deploy_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// pod is what a workload makes.
type pod struct {
	owner, namespace string
	meta             metav1.ObjectMeta
	spec             corev1.PodSpec
}

// pods are those a build makes. A kind of workload this does not know would be
// a hole in every test here, so it fails the test.
func (b build) pods(t *testing.T) []pod {
	t.Helper()
	var out []pod
	for _, o := range b.objects {
		var template corev1.PodTemplateSpec
		switch o := o.(type) {
		case *appsv1.Deployment:
			template = o.Spec.Template
			if !selects(t, o.Spec.Selector, template.Labels) {
				t.Errorf("%s: Deployment %s does not select its own pods", b.name, o.Name)
			}
		case *batchv1.CronJob:
			template = o.Spec.JobTemplate.Spec.Template
		case *appsv1.StatefulSet, *appsv1.DaemonSet, *appsv1.ReplicaSet, *batchv1.Job, *corev1.Pod, *corev1.ReplicationController, *corev1.PodTemplate:
			t.Fatalf("%s: %T holds pods the tests do not look at: add it to pods", b.name, o)
		default:
			continue
		}
		m := meta(t, o)
		out = append(out, pod{owner: m.GetName(), namespace: m.GetNamespace(), meta: template.ObjectMeta, spec: template.Spec})
	}
	return out
}

// containers are all that run code.
func (p pod) containers() []corev1.Container {
	return append(append([]corev1.Container{}, p.spec.InitContainers...), p.spec.Containers...)
}

func meta(t *testing.T, o runtime.Object) metav1.Object {
	t.Helper()
	m, ok := o.(metav1.Object)
	if !ok {
		t.Fatalf("%T has no metadata", o)
	}
	return m
}

func selects(t *testing.T, s *metav1.LabelSelector, of map[string]string) bool {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return selector.Matches(labels.Set(of))
}

// of are a build's objects of one type.
func of[T runtime.Object](b build) []T {
	var out []T
	for _, o := range b.objects {
		if typed, ok := o.(T); ok {
			out = append(out, typed)
		}
	}
	return out
}
