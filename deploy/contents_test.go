package deploy_test

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/imagegate/imagegate/internal/policy"
	"github.com/imagegate/imagegate/policies"
)

// data is one entry of a ConfigMap.
func data(t *testing.T, b build, name, key string) string {
	t.Helper()
	for _, c := range of[*corev1.ConfigMap](b) {
		if c.Name == name && c.Data[key] != "" {
			return c.Data[key]
		}
	}
	t.Fatalf("%s has no ConfigMap %s with %s", b.name, name, key)
	return ""
}

// TestThePolicyInForceIsOneThatIsMounted: --policy must name what --policy-dir
// holds, or the gate does not start.
func TestThePolicyInForceIsOneThatIsMounted(t *testing.T) {
	for _, c := range []struct{ dir, configMap, key string }{
		{"base", "imagegate-policies", "cluster.yaml"},
		{"examples/source-document", "image-policy-config", "policy.yaml"},
	} {
		b := kustomize(t, c.dir, "")
		loaded, err := policy.Load(c.key, []byte(data(t, b, c.configMap, c.key)))
		if err != nil {
			t.Fatal(err)
		}
		inForce := "--policy=" + loaded[0].Ref().Name
		if args := b.pods(t)[0].containers()[0].Args; !slices.Contains(args, inForce) {
			t.Errorf("%s: the gate starts with %v, and the ConfigMap's policy wants %s", c.dir, args, inForce)
		}
	}
}

// TestThePolicyOutlivesABadNight: verdicts are renewed once a night, so one that
// lasts a day is a cluster that stops when a rescan is late.
func TestThePolicyOutlivesABadNight(t *testing.T) {
	var p struct {
		Grace map[string]string
		Rules []struct{ Freshness struct{ Verdict string } }
	}
	if err := yaml.Unmarshal([]byte(data(t, kustomize(t, "base", ""), "imagegate-policies", "cluster.yaml")), &p); err != nil {
		t.Fatal(err)
	}
	if p.Grace["critical"] == "" || p.Rules[len(p.Rules)-1].Freshness.Verdict != "72h" {
		t.Errorf("%+v", p)
	}
}

// falcoItem is an element of a Falco rules file.
type falcoItem struct {
	List, Macro, Rule, Condition, Desc, Output, Priority string
	Items, Tags                                          []string
}

var (
	falcoName  = regexp.MustCompile(`\bimagegate_[a-z_]+\b`)
	falcoField = regexp.MustCompile(`(^|[^a-z.])((?:evt|proc|fd|container|k8s|user)\.[a-z0-9_.]+)`)
	// falcoFields are those of Falco's reference that these rules use.
	falcoFields = []string{
		"evt.type", "evt.res", "evt.is_open_write", "proc.name", "proc.cmdline", "proc.pname", "proc.tty", "proc.exepath", "proc.is_exe_upper_layer",
		"fd.name", "fd.num", "fd.typechar", "fd.l4proto", "fd.snet", "container.id", "container.name", "container.image.repository", "container.image.digest",
		"k8s.ns.name", "k8s.pod.name", "user.uid",
	}
)

func TestFalcoRulesNameOnlyWhatTheyDefineAndOnlyWatchedNamespaces(t *testing.T) {
	text := data(t, kustomize(t, "overlays/production", ""), "imagegate-falco-rules", "imagegate_rules.yaml")
	var items []falcoItem
	if err := yaml.UnmarshalStrict([]byte(text), &items); err != nil {
		t.Fatal(err)
	}
	defined := map[string]bool{}
	rules := 0
	for _, i := range items {
		for _, used := range falcoName.FindAllString(i.Condition, -1) {
			if !defined[used] {
				t.Errorf("%s%s uses %s before it is defined", i.Rule, i.Macro, used)
			}
		}
		for _, m := range falcoField.FindAllStringSubmatch(i.Condition+" "+strings.ReplaceAll(i.Output, "%", " "), -1) {
			if !slices.Contains(falcoFields, m[2]) {
				t.Errorf("%s%s uses the field %s", i.Rule, i.Macro, m[2])
			}
		}
		defined[i.List+i.Macro] = true
		if i.Rule == "" {
			continue
		}
		rules++
		if !strings.Contains(i.Condition, "imagegate_watched") || !strings.Contains(i.Condition, "evt.type") {
			t.Errorf("%q looks at every namespace, or at every event", i.Rule)
		}
		if !strings.Contains(i.Output, "%k8s.pod.name") || i.Desc == "" || i.Priority == "" || len(i.Tags) == 0 {
			t.Errorf("%q does not say where, why or how bad", i.Rule)
		}
	}
	if rules != 4 {
		t.Errorf("%d rules", rules)
	}
}

// TestTheGuidesPolicyIsTheGuides: the example must be what people already have.
func TestTheGuidesPolicyIsTheGuides(t *testing.T) {
	shipped, err := policies.Files.ReadFile("guide.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var guide, example map[string]any
	if err := errors.Join(
		yaml.Unmarshal(shipped, &guide),
		yaml.Unmarshal([]byte(data(t, kustomize(t, "examples/source-document", ""), "image-policy-config", "policy.yaml")), &example),
	); err != nil {
		t.Fatal(err)
	}
	if len(guide) == 0 || !reflect.DeepEqual(guide, example) {
		t.Errorf("the example says %v, the shipped policy guide %v", example, guide)
	}
}
