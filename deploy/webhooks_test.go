package deploy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/cel-go/cel"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// hook is what validating and mutating webhooks have in common.
type hook struct {
	name, path string
	service    *admissionv1.ServiceReference
	namespaces *metav1.LabelSelector
	conditions []admissionv1.MatchCondition
	failure    *admissionv1.FailurePolicyType
	effects    *admissionv1.SideEffectClass
	timeout    *int32
	match      *admissionv1.MatchPolicyType
	versions   []string
}

func (b build) hooks() []hook {
	var out []hook
	for _, c := range of[*admissionv1.ValidatingWebhookConfiguration](b) {
		for _, w := range c.Webhooks {
			out = append(out, hook{w.Name, "/validate", w.ClientConfig.Service, w.NamespaceSelector, w.MatchConditions, w.FailurePolicy, w.SideEffects, w.TimeoutSeconds, w.MatchPolicy, w.AdmissionReviewVersions})
		}
	}
	for _, c := range of[*admissionv1.MutatingWebhookConfiguration](b) {
		for _, w := range c.Webhooks {
			out = append(out, hook{w.Name, "/mutate", w.ClientConfig.Service, w.NamespaceSelector, w.MatchConditions, w.FailurePolicy, w.SideEffects, w.TimeoutSeconds, w.MatchPolicy, w.AdmissionReviewVersions})
		}
	}
	return out
}

func TestWebhooksLockNobodyOut(t *testing.T) {
	for _, b := range builds(t) {
		hooks := b.hooks()
		if len(hooks) == 0 && b.name != "examples/secure-app" {
			t.Errorf("%s has no webhooks", b.name)
		}
		for _, h := range hooks {
			at := b.name + ": " + h.name
			exempt := []string{"kube-system", "kube-node-lease", "kube-public", "imagegate-system", "cert-manager", h.service.Namespace}
			for _, ns := range exempt {
				if selects(t, h.namespaces, map[string]string{corev1.LabelMetadataName: ns}) {
					t.Errorf("%s asks about namespace %s", at, ns)
				}
			}
			if !selects(t, h.namespaces, map[string]string{corev1.LabelMetadataName: "team-a"}) {
				t.Errorf("%s does not ask about other namespaces", at)
			}
			if b.name != "examples/source-document" && selects(t, h.namespaces, map[string]string{corev1.LabelMetadataName: "team-a", "imagegate.dev/admission": "disabled"}) {
				t.Errorf("%s asks about a namespace that is labelled not to be", at)
			}
			if *h.timeout > 10 || *h.effects != admissionv1.SideEffectClassNoneOnDryRun || h.versions[0] != "v1" {
				t.Errorf("%s: %d s, %s, %v", at, *h.timeout, *h.effects, h.versions)
			}
			want := admissionv1.Fail
			if b.name == "overlays/dev" {
				want = admissionv1.Ignore
			}
			if *h.failure != want {
				t.Errorf("%s: failurePolicy %s, expected %s", at, *h.failure, want)
			}
			if *h.service.Path != h.path || !slices.ContainsFunc(of[*corev1.Service](b), func(s *corev1.Service) bool {
				// A gate that cannot decide anew still answers from what it knows. Of
				// several, those that start and end would be asked too.
				return s.Name == h.service.Name && s.Namespace == h.service.Namespace && s.Spec.PublishNotReadyAddresses != (mostReplicas(b) > 1)
			}) {
				t.Errorf("%s leads to %s of Service %s, which does not serve it", at, *h.service.Path, h.service.Name)
			}
		}
	}
}

// asked evaluates a webhook's conditions as the API server does: all must hold.
func (h hook) asked(t *testing.T, review map[string]any) bool {
	t.Helper()
	env, err := cel.NewEnv(cel.Variable("object", cel.DynType), cel.Variable("oldObject", cel.DynType), cel.Variable("request", cel.DynType))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range h.conditions {
		ast, issues := env.Compile(c.Expression)
		if issues.Err() != nil {
			t.Fatalf("%s: %s: %v", h.name, c.Name, issues.Err())
		}
		program, err := env.Program(ast)
		if err != nil {
			t.Fatal(err)
		}
		value, _, err := program.Eval(review)
		if err != nil { // the API server would refuse the request
			t.Fatalf("%s: %s: %v", h.name, c.Name, err)
		}
		if value.Value() != true {
			return false
		}
	}
	return true
}

type object = map[string]any

func review(operation, resource, user string, groups []any, now, before any) object {
	return object{
		"object": now, "oldObject": before,
		"request": object{"operation": operation, "resource": object{"resource": resource}, "userInfo": object{"username": user, "groups": groups}},
	}
}

func TestWebhooksAreAskedAboutWhatRunsSomethingNew(t *testing.T) {
	node, people := []any{"system:nodes", "system:authenticated"}, []any{"system:authenticated"}
	mirror := object{"metadata": object{"annotations": object{"kubernetes.io/config.mirror": "x"}}, "spec": object{"containers": []any{object{"image": "a"}}}}
	pod := func(image string) object {
		return object{"metadata": object{"name": "p"}, "spec": object{"containers": []any{object{"image": image}}}}
	}
	deployment := func(image string, replicas int) object {
		return object{"metadata": object{}, "spec": object{"replicas": replicas, "template": pod(image)}}
	}
	cronjob := func(image, schedule string) object {
		return object{"metadata": object{}, "spec": object{"schedule": schedule, "jobTemplate": object{"spec": object{"template": pod(image)}}}}
	}
	template := func(image, name string) object {
		return object{"metadata": object{"name": name}, "template": pod(image)}
	}
	for _, c := range []struct {
		name, hook string
		review     object
		want       bool
	}{
		{"a new pod is", "pods.", review("CREATE", "pods", "ann", people, pod("a"), nil), true},
		{"a mirror pod made by its kubelet is not", "pods.", review("CREATE", "pods", "system:node:n1", node, mirror, nil), false},
		{"a pod that only claims to be a mirror is", "pods.", review("CREATE", "pods", "ann", people, mirror, nil), true},
		{"a pod of somebody called like a node is", "pods.", review("CREATE", "pods", "system:node:n1", people, mirror, nil), true},
		{"an ordinary pod made by a kubelet is", "pods.", review("CREATE", "pods", "system:node:n1", node, pod("a"), nil), true},
		{"a pod with another image is", "pods.validate", review("UPDATE", "pods", "ann", people, pod("b"), pod("a")), true},
		{"a pod with another label is not", "pods.validate", review("UPDATE", "pods", "ann", people, object{"metadata": object{"labels": object{"x": "y"}}, "spec": pod("a")["spec"]}, pod("a")), false},
		{"a new deployment is", "workloads.", review("CREATE", "deployments", "ann", people, deployment("a", 1), nil), true},
		{"a deployment with another image is", "workloads.", review("UPDATE", "deployments", "ann", people, deployment("b", 1), deployment("a", 1)), true},
		{"a deployment that is scaled is not", "workloads.", review("UPDATE", "deployments", "ann", people, deployment("a", 0), deployment("a", 1)), false},
		{"a cronjob with another image is", "workloads.", review("UPDATE", "cronjobs", "ann", people, cronjob("b", "0 2 * * *"), cronjob("a", "0 2 * * *")), true},
		{"a cronjob at another hour is not", "workloads.", review("UPDATE", "cronjobs", "ann", people, cronjob("a", "0 3 * * *"), cronjob("a", "0 2 * * *")), false},
		{"a new cronjob is", "workloads.", review("CREATE", "cronjobs", "ann", people, cronjob("a", "0 2 * * *"), nil), true},
		{"a podtemplate with another image is", "workloads.", review("UPDATE", "podtemplates", "ann", people, template("b", "x"), template("a", "x")), true},
		{"a podtemplate that is unchanged is not", "workloads.", review("UPDATE", "podtemplates", "ann", people, template("a", "x"), template("a", "x")), false},
		{"a replication controller without a template is", "workloads.", review("UPDATE", "replicationcontrollers", "ann", people, object{"spec": object{}}, object{"spec": object{}}), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := 0
			for _, h := range kustomize(t, "base", "").hooks() {
				if !strings.HasPrefix(h.name, c.hook) {
					continue
				}
				asked++
				if got := h.asked(t, c.review); got != c.want {
					t.Errorf("%s is asked: %t", h.name, got)
				}
			}
			if asked == 0 {
				t.Errorf("there is no webhook %s", c.hook)
			}
		})
	}
}

// TestEveryKindThatRunsImagesIsCovered: a kind that is left out is a way in.
func TestEveryKindThatRunsImagesIsCovered(t *testing.T) {
	want := []string{"UPDATE /pods/ephemeralcontainers"}
	for _, r := range []string{"/pods", "apps/deployments", "apps/replicasets", "apps/statefulsets", "apps/daemonsets", "batch/jobs", "batch/cronjobs", "/replicationcontrollers", "/podtemplates"} {
		want = append(want, "CREATE "+r, "UPDATE "+r)
	}
	var got []string
	for _, c := range of[*admissionv1.ValidatingWebhookConfiguration](kustomize(t, "base", "")) {
		for _, w := range c.Webhooks {
			for _, r := range w.Rules {
				for _, resource := range r.Resources {
					for _, operation := range r.Operations {
						got = append(got, string(operation)+" "+r.APIGroups[0]+"/"+resource)
					}
				}
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("asked about %v, expected %v", got, want)
	}
}
