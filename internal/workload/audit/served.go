package audit

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/pod-security-admission/api"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// removedKinds are kinds that went without a successor of their own, so that
// the library does not know them any more.
var removedKinds = map[string]string{
	"PodSecurityPolicy":          "was removed in Kubernetes 1.25 and protects nothing: label namespaces with pod-security.kubernetes.io/enforce instead",
	"ReplicationControllerDummy": "was removed in Kubernetes 1.16: use a Deployment",
	"ThirdPartyResource":         "was removed in Kubernetes 1.8: use a CustomResourceDefinition",
	"PodPreset":                  "was removed in Kubernetes 1.20: set the fields in the pod template, or mutate with an admission policy",
}

// retiredVersions are API versions of widely used extensions that are not
// served any more, or are about to go. The key is group/version, followed by
// the kind where kinds differ. Those of secret providers are W-42's.
var retiredVersions = map[string]struct {
	severity gate.Severity
	message  string
}{
	"apiextensions.k8s.io/v1beta1":   {gate.SeverityHigh, "was removed in Kubernetes 1.22: use apiextensions.k8s.io/v1"},
	"apiregistration.k8s.io/v1beta1": {gate.SeverityHigh, "was removed in Kubernetes 1.22: use apiregistration.k8s.io/v1"},
	"cert-manager.io/v1alpha2":       {gate.SeverityHigh, "is not served since cert-manager 1.6: use cert-manager.io/v1"},
	"cert-manager.io/v1alpha3":       {gate.SeverityHigh, "is not served since cert-manager 1.6: use cert-manager.io/v1"},
	"cert-manager.io/v1beta1":        {gate.SeverityHigh, "is not served since cert-manager 1.6: use cert-manager.io/v1"},
	"tekton.dev/v1alpha1/Task":       {gate.SeverityHigh, "is not served by Tekton 1.0 and newer: use tekton.dev/v1"},
	"tekton.dev/v1alpha1/Pipeline":   {gate.SeverityHigh, "is not served by Tekton 1.0 and newer: use tekton.dev/v1"},
	"tekton.dev/v1beta1/ClusterTask": {gate.SeverityHigh, "is not served by Tekton 1.0 and newer: use a Task and the cluster resolver"},
	"tekton.dev/v1beta1/Task":        {gate.SeverityLow, "is deprecated: use tekton.dev/v1"},
	"tekton.dev/v1beta1/TaskRun":     {gate.SeverityLow, "is deprecated: use tekton.dev/v1"},
	"tekton.dev/v1beta1/Pipeline":    {gate.SeverityLow, "is deprecated: use tekton.dev/v1"},
	"tekton.dev/v1beta1/PipelineRun": {gate.SeverityLow, "is deprecated: use tekton.dev/v1"},
}

// own reports whether a kind belongs to a group of Kubernetes itself, all of
// whose types this gate knows.
func own(gvk schema.GroupVersionKind) bool {
	return scheme.Scheme.IsGroupRegistered(gvk.Group) || !strings.Contains(gvk.Group, ".")
}

// served reports what the API server would not know: kinds and versions that
// were removed, or never were.
func served(o *manifest.Object, options Options) []Finding {
	gvk := o.GVK()
	what := gvk.Kind + " of " + gvk.GroupVersion().String()
	report := func(severity gate.Severity, message string) []Finding {
		return []Finding{{Object: o, Field: "apiVersion", Severity: severity, Message: fmt.Sprintf("%.200s %s", what, message), Fix: "use an API version that the cluster serves"}}
	}
	for _, key := range []string{gvk.GroupVersion().String() + "/" + gvk.Kind, gvk.GroupVersion().String()} {
		if old, ok := retiredVersions[key]; ok {
			return report(old.severity, old.message)
		}
	}
	if !own(gvk) {
		return nil
	}
	if message, ok := removedKinds[gvk.Kind]; ok {
		return report("", message)
	}
	if !scheme.Scheme.Recognizes(gvk) {
		return report("", "is no kind that Kubernetes knows, "+known(gvk))
	}
	object, err := scheme.Scheme.New(gvk)
	if err != nil {
		return report("", "is no kind that Kubernetes knows")
	}
	ending, ok := object.(interface{ APILifecycleRemoved() (major, minor int) })
	if !ok {
		return nil
	}
	target := podSecurityVersion(options)
	major, minor := ending.APILifecycleRemoved()
	if since := api.MajorMinorVersion(major, minor); target.Older(since) {
		return nil
	}
	message := fmt.Sprintf("was removed in Kubernetes %d.%d", major, minor)
	if next, ok := object.(interface {
		APILifecycleReplacement() schema.GroupVersionKind
	}); ok {
		successor := next.APILifecycleReplacement()
		message += fmt.Sprintf(": use %s of %s", successor.Kind, successor.GroupVersion())
	}
	return report("", message)
}

// known says in which version of its group, or in which group, the kind is.
func known(gvk schema.GroupVersionKind) string {
	var elsewhere string
	for candidate := range scheme.Scheme.AllKnownTypes() {
		if candidate.Kind != gvk.Kind || candidate.Version == "__internal" {
			continue
		}
		if s := candidate.GroupVersion().String(); elsewhere == "" || better(s, elsewhere) {
			elsewhere = s
		}
	}
	if elsewhere == "" {
		return "in any version"
	}
	return "but it is one of " + elsewhere
}

// better prefers versions that are no trial, and then the order of their
// names, so that the answer is always the same.
func better(a, b string) bool {
	trialA, trialB := strings.Contains(a, "alpha") || strings.Contains(a, "beta"), strings.Contains(b, "alpha") || strings.Contains(b, "beta")
	if trialA != trialB {
		return trialB
	}
	return a > b
}
