// Package deploy_test holds the manifests to what a cluster would say of them,
// and to what this project demands of others, without a cluster.
package deploy_test

import (
	"regexp"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// foreign are the custom resources that may occur, in the version that is
// served today.
var foreign = []string{
	"cert-manager.io/v1 Certificate", "cert-manager.io/v1 Issuer", "monitoring.coreos.com/v1 ServiceMonitor",
	"bitnami.com/v1alpha1 SealedSecret", "external-secrets.io/v1 SecretStore", "external-secrets.io/v1 ExternalSecret",
}

func TestEveryObjectIsOneKubernetesKnows(t *testing.T) {
	for _, b := range builds(t) {
		if len(b.objects) < 5 {
			t.Errorf("%s has %d objects", b.name, len(b.objects))
		}
		for _, u := range b.foreign {
			if kind := u.GetAPIVersion() + " " + u.GetKind(); !slices.Contains(foreign, kind) {
				t.Errorf("%s: nobody serves %s", b.name, kind)
			}
			if u.GetNamespace() == "" {
				t.Errorf("%s: %s %s is in no namespace", b.name, u.GetKind(), u.GetName())
			}
		}
	}
}

func TestPodsAreRestrictedAtTheVersionTheirNamespacePins(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range builds(t) {
		pods := b.pods(t)
		if len(pods) == 0 {
			t.Errorf("%s makes no pods", b.name)
		}
		for _, p := range pods {
			pinned := pinnedLevel(t, b, p.namespace)
			for _, result := range evaluator.EvaluatePod(pinned, &p.meta, &p.spec) {
				if !result.Allowed {
					t.Errorf("%s: %s: %s (%s)", b.name, p.owner, result.ForbiddenReason, result.ForbiddenDetail)
				}
			}
		}
	}
}

// pinnedLevel is what the namespace's labels enforce: restricted, at a version.
func pinnedLevel(t *testing.T, b build, namespace string) psa.LevelVersion {
	t.Helper()
	for _, ns := range of[*corev1.Namespace](b) {
		if ns.Name != namespace {
			continue
		}
		p, errs := psa.PolicyToEvaluate(ns.Labels, psa.Policy{})
		if len(errs) > 0 {
			t.Fatalf("%s: %v", b.name, errs)
		}
		if p.Enforce.Level != psa.LevelRestricted || p.Enforce.Version.Latest() || p.Audit != p.Enforce || p.Warn != p.Enforce {
			t.Errorf("%s: namespace %s is not restricted at one pinned version: %v", b.name, namespace, ns.Labels)
		}
		return p.Enforce
	}
	t.Errorf("%s: no namespace %s is made", b.name, namespace)
	return psa.LevelVersion{}
}

// TestPodsAskForWhatTheyNeedAndNoMore holds what Pod Security does not ask.
func TestPodsAskForWhatTheyNeedAndNoMore(t *testing.T) {
	for _, b := range builds(t) {
		for _, p := range b.pods(t) {
			at := b.name + ": " + p.owner
			if u := p.spec.SecurityContext.RunAsUser; u == nil || *u == 0 {
				t.Errorf("%s: no numeric user", at)
			}
			if p.spec.ServiceAccountName == "" || p.spec.AutomountServiceAccountToken == nil {
				t.Errorf("%s: account %q, automountServiceAccountToken unsaid", at, p.spec.ServiceAccountName)
			}
			if p.spec.EnableServiceLinks == nil || *p.spec.EnableServiceLinks {
				t.Errorf("%s: Services become IMAGEGATE_… variables, which are flags", at)
			}
			for _, v := range p.spec.Volumes {
				if v.EmptyDir != nil && v.EmptyDir.SizeLimit == nil {
					t.Errorf("%s: emptyDir %s has no limit", at, v.Name)
				}
			}
			for _, c := range p.containers() {
				if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
					t.Errorf("%s: %s can write its root", at, c.Name)
				}
				for _, r := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
					if c.Resources.Limits.Name(r, resource.DecimalSI).IsZero() || c.Resources.Requests.Name(r, resource.DecimalSI).IsZero() {
						t.Errorf("%s: %s does not state %s", at, c.Name, r)
					}
				}
			}
		}
	}
}

var byDigest = regexp.MustCompile(`^[a-z0-9.-]+/[a-z0-9/-]+@sha256:[0-9a-f]{64}$`)

func TestImagesAreNamedByDigest(t *testing.T) {
	for _, b := range builds(t) {
		for _, p := range b.pods(t) {
			for _, c := range p.containers() {
				// What the base names is for overlays to replace.
				if b.name != "base" && !byDigest.MatchString(c.Image) {
					t.Errorf("%s: %s runs %s", b.name, p.owner, c.Image)
				}
			}
		}
	}
}
