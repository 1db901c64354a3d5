package deploy_test

import (
	"maps"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// external are the Secrets that no file holds; docs/how-to/deploy.md says how
// each is made, and components/replicas/README.md those of its servers.
var external = map[string][]string{
	"imagegate-token":         {"token"},
	"imagegate-admission-tls": {"tls.crt", "tls.key", "ca.crt"},
	"imagegate-signing-key":   {"cosign.key", "cosign.password"},
	"imagegate-registry":      {".dockerconfigjson"},
	"imagegate-database":      {"password", "ca.crt"},
	"imagegate-shared-layers": {"password"},
}

// foreignPods are pods of others that policies name by label.
var foreignPods = []map[string]string{{"k8s-app": "kube-dns"}, {"app": "postgresql"}, {"app.kubernetes.io/name": "postgresql"}, {"app.kubernetes.io/name": "redis"}}

func TestWhatPodsNameExists(t *testing.T) {
	for _, b := range builds(t) {
		for _, p := range b.pods(t) {
			at := b.name + ": " + p.owner
			if !slices.ContainsFunc(of[*corev1.ServiceAccount](b), func(a *corev1.ServiceAccount) bool {
				return a.Name == p.spec.ServiceAccountName && a.Namespace == p.namespace && a.AutomountServiceAccountToken != nil && !*a.AutomountServiceAccountToken
			}) {
				t.Errorf("%s: no ServiceAccount %s that mounts no token by itself", at, p.spec.ServiceAccountName)
			}
			volumes := map[string]bool{}
			for _, v := range p.spec.Volumes {
				volumes[v.Name] = true
				switch {
				case v.Secret != nil:
					if len(v.Secret.Items) == 0 {
						t.Errorf("%s: Secret %s is mounted whole: name the keys that are read", at, v.Secret.SecretName)
					}
					for _, item := range v.Secret.Items {
						secretExists(t, at, v.Secret.SecretName, item.Key)
					}
				case v.ConfigMap != nil:
					if !slices.ContainsFunc(of[*corev1.ConfigMap](b), func(c *corev1.ConfigMap) bool {
						return c.Name == v.ConfigMap.Name && c.Namespace == p.namespace && len(c.Data) > 0
					}) {
						t.Errorf("%s: there is no ConfigMap %s", at, v.ConfigMap.Name)
					}
				case v.PersistentVolumeClaim != nil:
					if !slices.ContainsFunc(of[*corev1.PersistentVolumeClaim](b), func(c *corev1.PersistentVolumeClaim) bool {
						return c.Name == v.PersistentVolumeClaim.ClaimName && c.Namespace == p.namespace
					}) {
						t.Errorf("%s: there is no PersistentVolumeClaim %s", at, v.PersistentVolumeClaim.ClaimName)
					}
				}
			}
			for _, c := range p.containers() {
				for _, m := range c.VolumeMounts {
					if !volumes[m.Name] {
						t.Errorf("%s: %s mounts %s, which is no volume", at, c.Name, m.Name)
					}
				}
				for _, e := range c.Env {
					if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
						secretExists(t, at, e.ValueFrom.SecretKeyRef.Name, e.ValueFrom.SecretKeyRef.Key)
					}
					if e.ValueFrom != nil && e.ValueFrom.ConfigMapKeyRef != nil {
						valueOf(t, b, p, e)
					}
				}
			}
		}
	}
}

func secretExists(t *testing.T, at, name, key string) {
	t.Helper()
	if !slices.Contains(external[name], key) {
		t.Errorf("%s: Secret %s with key %s is none of those the manual has people make: %v", at, name, key, slices.Sorted(maps.Keys(external)))
	}
}

func TestSelectorsSelect(t *testing.T) {
	for _, b := range builds(t) {
		pods := b.pods(t)
		selected := func(namespace string, s *metav1.LabelSelector) []pod {
			var out []pod
			for _, p := range pods {
				if p.namespace == namespace && selects(t, s, p.meta.Labels) {
					out = append(out, p)
				}
			}
			return out
		}
		for _, s := range of[*corev1.Service](b) {
			found := selected(s.Namespace, &metav1.LabelSelector{MatchLabels: s.Spec.Selector})
			if len(found) != 1 {
				t.Errorf("%s: Service %s selects %d workloads", b.name, s.Name, len(found))
				continue
			}
			for _, port := range s.Spec.Ports {
				if !hasPort(found[0], port.TargetPort) {
					t.Errorf("%s: Service %s leads to port %s, which its pods have not", b.name, s.Name, port.TargetPort.String())
				}
			}
		}
		for _, d := range of[*policyv1.PodDisruptionBudget](b) {
			if len(selected(d.Namespace, d.Spec.Selector)) != 1 {
				t.Errorf("%s: PodDisruptionBudget %s does not select one workload", b.name, d.Name)
			}
		}
		for _, p := range pods {
			for _, c := range p.spec.TopologySpreadConstraints {
				if !selects(t, c.LabelSelector, p.meta.Labels) {
					t.Errorf("%s: %s spreads pods other than its own", b.name, p.owner)
				}
			}
		}
		for _, h := range of[*autoscalingv2.HorizontalPodAutoscaler](b) {
			if !slices.ContainsFunc(of[*appsv1.Deployment](b), func(d *appsv1.Deployment) bool {
				return d.Namespace == h.Namespace && d.Name == h.Spec.ScaleTargetRef.Name && *d.Spec.Replicas <= h.Spec.MaxReplicas
			}) {
				t.Errorf("%s: HorizontalPodAutoscaler %s has no target", b.name, h.Name)
			}
		}
		for _, n := range of[*networkingv1.NetworkPolicy](b) {
			if len(selected(n.Namespace, &n.Spec.PodSelector)) == 0 {
				t.Errorf("%s: NetworkPolicy %s selects no pod", b.name, n.Name)
			}
			for _, peer := range peers(n) {
				namespaceExists(t, b, n, peer)
				if peer.PodSelector != nil && len(selected(n.Namespace, peer.PodSelector)) == 0 &&
					!slices.ContainsFunc(foreignPods, func(of map[string]string) bool { return selects(t, peer.PodSelector, of) }) {
					t.Errorf("%s: NetworkPolicy %s names pods %v, which nobody has", b.name, n.Name, peer.PodSelector.MatchLabels)
				}
			}
		}
	}
}

func hasPort(p pod, target intstr.IntOrString) bool {
	for _, c := range p.containers() {
		for _, port := range c.Ports {
			if port.Name == target.StrVal && target.StrVal != "" || port.ContainerPort == target.IntVal {
				return true
			}
		}
	}
	return false
}

func peers(n *networkingv1.NetworkPolicy) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for _, r := range n.Spec.Ingress {
		out = append(out, r.From...)
	}
	for _, r := range n.Spec.Egress {
		out = append(out, r.To...)
	}
	return out
}

// namespaceExists: a namespace is named by the label the API server sets, or by
// ours. A label nobody sets (the guide's `name:`) selects nothing, silently.
func namespaceExists(t *testing.T, b build, n *networkingv1.NetworkPolicy, peer networkingv1.NetworkPolicyPeer) {
	t.Helper()
	if peer.NamespaceSelector == nil {
		return
	}
	for label := range peer.NamespaceSelector.MatchLabels {
		if label != corev1.LabelMetadataName && label != "imagegate.dev/client" {
			t.Errorf("%s: NetworkPolicy %s selects namespaces by %s, which nobody sets", b.name, n.Name, label)
		}
	}
}

func TestEveryNamespaceBeginsWithADefaultDeny(t *testing.T) {
	for _, b := range builds(t) {
		for _, ns := range of[*corev1.Namespace](b) {
			if !slices.ContainsFunc(of[*networkingv1.NetworkPolicy](b), func(n *networkingv1.NetworkPolicy) bool {
				return n.Namespace == ns.Name && selects(t, &n.Spec.PodSelector, nil) && len(n.Spec.PolicyTypes) == 2 && len(peers(n)) == 0
			}) {
				t.Errorf("%s: namespace %s has no default deny", b.name, ns.Name)
			}
		}
	}
}

func TestTheGateReadsNamespacesAndNothingElse(t *testing.T) {
	for _, b := range builds(t) {
		if roles := of[*rbacv1.Role](b); len(roles) > 0 {
			t.Errorf("%s: Role %s", b.name, roles[0].Name)
		}
		for _, role := range of[*rbacv1.ClusterRole](b) {
			for _, r := range role.Rules {
				if !slices.Equal(r.Resources, []string{"namespaces"}) || !slices.Equal(r.Verbs, []string{"get", "list", "watch"}) {
					t.Errorf("%s: ClusterRole %s may %v %v", b.name, role.Name, r.Verbs, r.Resources)
				}
			}
		}
		for _, binding := range of[*rbacv1.ClusterRoleBinding](b) {
			for _, s := range binding.Subjects {
				if !slices.ContainsFunc(of[*corev1.ServiceAccount](b), func(a *corev1.ServiceAccount) bool { return a.Name == s.Name && a.Namespace == s.Namespace }) {
					t.Errorf("%s: ClusterRoleBinding %s is for %s/%s, who is nobody", b.name, binding.Name, s.Namespace, s.Name)
				}
			}
		}
	}
}
