package audit

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// fleet is a bundle of n workloads, each with a policy, an account and a
// ConfigMap of its own, in namespaces of a hundred workloads, or all in one.
func fleet(n, perNamespace int) string {
	var b strings.Builder
	for i := range n {
		ns := fmt.Sprintf("ns-%d", i/perNamespace)
		if i%perNamespace == 0 {
			fmt.Fprintf(&b, "{apiVersion: v1, kind: Namespace, metadata: {name: %s}}\n---\n", ns)
		}
		fmt.Fprintf(&b, "{apiVersion: v1, kind: ServiceAccount, metadata: {name: a%d, namespace: %s}}\n---\n", i, ns)
		fmt.Fprintf(&b, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a%d, namespace: %s}, data: {app.conf: \"max = 1\\npassword_file = x\\n\"}}\n---\n", i, ns)
		fmt.Fprintf(&b, "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a%d, namespace: %s}, spec: {podSelector: {matchLabels: {a: b, app: a%d, tier: web}}, egress: [{to: [{namespaceSelector: {matchLabels: {team: t%d}}}]}]}}\n---\n", i, ns, i, i)
		fmt.Fprintf(&b, "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a%d, namespace: %s}, spec: {template: {metadata: {labels: {a: b, app: a%d, tier: web}}, spec: {serviceAccountName: a%d, containers: [{name: c, args: [--a, --b], env: [{name: A, value: b}]}]}}}}\n---\n", i, ns, i, i)
	}
	return b.String()
}

func TestTenThousandObjectsTakeSeconds(t *testing.T) {
	for name, perNamespace := range map[string]int{"in many namespaces": 10, "in one namespace": 2400} {
		t.Run(name, func(t *testing.T) {
			in := Input{Objects: parse(t, fleet(2400, perNamespace))}
			started := time.Now()
			for _, c := range checksFrom30() {
				from := time.Now()
				c.Decide(in)
				t.Logf("%s %s", c.ID, time.Since(from).Round(time.Millisecond))
			}
			if took := time.Since(started); took > 20*time.Second {
				t.Errorf("%d objects took %s", len(in.Objects), took)
			}
		})
	}
}
