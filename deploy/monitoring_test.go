package deploy_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/imagegate/imagegate/server"
)

// ruleFile is what Prometheus reads, as far as it matters here.
type ruleFile struct {
	Groups []struct {
		Name  string `json:"name"`
		Rules []struct {
			Alert       string            `json:"alert"`
			Expr        string            `json:"expr"`
			For         string            `json:"for"`
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"rules"`
	} `json:"groups"`
}

func alerts(t *testing.T) ruleFile {
	t.Helper()
	var out ruleFile
	data, err := os.ReadFile("monitoring/alerts.yaml")
	if err == nil {
		err = yaml.UnmarshalStrict(data, &out)
	}
	if err != nil || len(out.Groups) == 0 {
		t.Fatalf("alerts.yaml: %d groups, %v", len(out.Groups), err)
	}
	return out
}

// dashboard is what Grafana reads, as far as it matters here.
type dashboard struct {
	Panels []struct {
		ID      int    `json:"id"`
		Type    string `json:"type"`
		Title   string `json:"title"`
		GridPos struct{ X, Y, W, H int }
		Targets []struct {
			Expr string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var out dashboard
	data, err := os.ReadFile("monitoring/dashboard.json")
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil || len(out.Panels) == 0 {
		t.Fatalf("dashboard.json: %d panels, %v", len(out.Panels), err)
	}
	return out
}

// expressions are all that Prometheus is asked, by where it stands.
func expressions(t *testing.T) map[string]string {
	out := map[string]string{}
	for _, g := range alerts(t).Groups {
		for _, r := range g.Rules {
			out["alert "+r.Alert] = r.Expr
		}
	}
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			out["panel "+p.Title+": "+target.Expr] = target.Expr
		}
	}
	return out
}

// selector is a metric's name with the labels it is asked by.
var selector = regexp.MustCompile(`\b((?:imagegate|process|go)_[a-z0-9_]+)(?:\{([^}]*)\})?`)

var (
	matcher  = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)`)
	grouping = regexp.MustCompile(`\bby \(([^)]*)\)`)
)

func TestMonitoringAsksForMetricsTheGateHas(t *testing.T) {
	labels := server.NewMetrics().Labels()
	used := map[string]bool{}
	for where, expr := range expressions(t) {
		found := selector.FindAllStringSubmatch(expr, -1)
		if len(found) == 0 {
			t.Errorf("%s names no metric", where)
		}
		for _, f := range found {
			name, has := f[1], []string(nil)
			for _, suffix := range []string{"", "_bucket", "_count", "_sum"} {
				base, cut := strings.CutSuffix(name, suffix)
				if l, ok := labels[base]; cut && ok && (suffix == "" || strings.HasSuffix(base, "_seconds")) {
					used[base], has = true, append(slices.Clone(l), "job", "le")
				}
			}
			if has == nil {
				t.Errorf("%s: the gate has no metric %s", where, name)
				continue
			}
			asked := matcher.FindAllStringSubmatch(f[2], -1)
			if by := grouping.FindStringSubmatch(expr); by != nil {
				for label := range strings.SplitSeq(by[1], ",") {
					asked = append(asked, []string{"", strings.TrimSpace(label)})
				}
			}
			for _, label := range asked {
				if !slices.Contains(has, label[1]) {
					t.Errorf("%s: %s has no label %q, it has %v", where, name, label[1], has)
				}
			}
		}
	}
	for name := range labels {
		if strings.HasPrefix(name, "imagegate_") && !used[name] {
			t.Errorf("nobody looks at %s: put it on the dashboard or into an alert", name)
		}
	}
}

func TestEveryAlertSaysWhatToDo(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range alerts(t).Groups {
		for _, r := range g.Rules {
			if seen[r.Alert] || !strings.HasPrefix(r.Alert, "Imagegate") {
				t.Errorf("%s: expected a name of its own that begins with Imagegate", r.Alert)
			}
			seen[r.Alert] = true
			if _, err := time.ParseDuration(r.For); err != nil {
				t.Errorf("%s: for %q: %v", r.Alert, r.For, err)
			}
			if s := r.Labels["severity"]; s != "warning" && s != "critical" {
				t.Errorf("%s: severity %q", r.Alert, s)
			}
			if r.Annotations["summary"] == "" || len(r.Annotations["description"]) < 20 {
				t.Errorf("%s says nothing: %v", r.Alert, r.Annotations)
			}
			if strings.Count(r.Expr, "(") != strings.Count(r.Expr, ")") {
				t.Errorf("%s: parentheses of %s", r.Alert, r.Expr)
			}
		}
	}
}

func TestTheOperatorGetsTheSameRulesAndTheDashboard(t *testing.T) {
	b := kustomize(t, "monitoring", "")
	if len(b.foreign) != 1 || b.foreign[0].GetKind() != "PrometheusRule" {
		t.Fatalf("foreign objects: %v", b.foreign)
	}
	spec, err := yaml.Marshal(b.foreign[0].Object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	var got ruleFile
	if err := yaml.UnmarshalStrict(spec, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, alerts(t)) {
		t.Error("prometheusrule.yaml and alerts.yaml differ")
	}
	maps := of[*corev1.ConfigMap](b)
	if len(maps) != 1 || maps[0].Labels["grafana_dashboard"] != "1" || maps[0].Data["imagegate.json"] == "" {
		t.Errorf("the dashboard's ConfigMap: %v", maps)
	}
}

func TestPanelsHaveTheirOwnPlace(t *testing.T) {
	ids, cells := map[int]string{}, map[[2]int]string{}
	for _, p := range readDashboard(t).Panels {
		if other, taken := ids[p.ID]; taken {
			t.Errorf("%q and %q have the id %d", other, p.Title, p.ID)
		}
		ids[p.ID] = p.Title
		if p.Title == "" || (p.Type != "row" && len(p.Targets) == 0) || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d %q shows nothing, or reaches over the edge", p.ID, p.Title)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, taken := cells[[2]int{x, y}]; taken && other != p.Title {
					t.Fatalf("%q lies over %q", p.Title, other)
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
	}
}
