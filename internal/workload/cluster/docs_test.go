package cluster

import (
	"os"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// TestTheDocumentedClusterRoleAllowsWhatIsListed and nothing more.
func TestTheDocumentedClusterRoleAllowsWhatIsListed(t *testing.T) {
	text, err := os.ReadFile("../../../docs/how-to/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\napiVersion: rbac")
	block, _, _ := strings.Cut(rest, "```")
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict([]byte("apiVersion: rbac"+block), &role); err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for _, rule := range role.Rules {
		if len(rule.Verbs) != 1 || rule.Verbs[0] != "list" {
			t.Errorf("%v", rule)
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				allowed[group+"/"+resource] = true
			}
		}
	}
	for _, k := range kinds {
		if !allowed[k.Group+"/"+k.Resource] {
			t.Errorf("the ClusterRole does not allow to list %s of %q", k.Resource, k.Group)
		}
		delete(allowed, k.Group+"/"+k.Resource)
	}
	if len(allowed) > 0 {
		t.Errorf("the ClusterRole allows %v, which is not listed", allowed)
	}
}
