package deploy_test

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// gateOf is the Deployment whose pods run serve; nil where there is none.
func gateOf(b build) *appsv1.Deployment {
	for _, d := range of[*appsv1.Deployment](b) {
		if slices.Contains(d.Spec.Template.Spec.Containers[0].Args, "serve") {
			return d
		}
	}
	return nil
}

// mostReplicas is how many gates a build may come to run beside each other.
func mostReplicas(b build) int32 {
	d := gateOf(b)
	if d == nil {
		return 0
	}
	most := *d.Spec.Replicas
	for _, h := range of[*autoscalingv2.HorizontalPodAutoscaler](b) {
		if h.Spec.ScaleTargetRef.Name == d.Name {
			most = max(most, h.Spec.MaxReplicas)
		}
	}
	return most
}

// valueOf is what a variable of a container holds, "" where only a cluster knows.
func valueOf(t *testing.T, b build, p pod, e corev1.EnvVar) string {
	t.Helper()
	if e.ValueFrom == nil || e.ValueFrom.ConfigMapKeyRef == nil {
		return e.Value
	}
	ref := e.ValueFrom.ConfigMapKeyRef
	for _, c := range of[*corev1.ConfigMap](b) {
		if c.Name == ref.Name && c.Namespace == p.namespace && c.Data[ref.Key] != "" {
			return c.Data[ref.Key]
		}
	}
	t.Errorf("%s: %s: there is no ConfigMap %s with %s for %s", b.name, p.owner, ref.Name, ref.Key, e.Name)
	return ""
}

// setting is what serve gets for a flag, on its command line or by a variable.
func setting(t *testing.T, b build, d *appsv1.Deployment, flag string) string {
	t.Helper()
	c := d.Spec.Template.Spec.Containers[0]
	for _, a := range c.Args {
		if value, ok := strings.CutPrefix(a, "--"+flag+"="); ok {
			return value
		}
	}
	for _, e := range c.Env {
		if e.Name == "IMAGEGATE_"+strings.ToUpper(strings.ReplaceAll(flag, "-", "_")) {
			return valueOf(t, b, pod{owner: d.Name, namespace: d.Namespace}, e)
		}
	}
	return ""
}

// apart says why gates of a build would not know of each other, or be in each
// other's way.
func apart(t *testing.T, b build) []string {
	t.Helper()
	d, most := gateOf(b), mostReplicas(b)
	if d == nil {
		return nil
	}
	var wrong []string
	shared := strings.HasPrefix(setting(t, b, d, "database"), "postgres://")
	if most > 1 && !shared {
		wrong = append(wrong, "more than one replica, and each has a database of its own")
	}
	if most == 1 && !shared && d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
		wrong = append(wrong, "a rollout runs two gates on one file")
	}
	for _, v := range d.Spec.Template.Spec.Volumes {
		if most > 1 && v.PersistentVolumeClaim != nil {
			wrong = append(wrong, "more than one replica, and one disk for all: "+v.Name)
		}
	}
	return wrong
}

func TestGatesThatRunTogetherShareADatabaseAndNoDisk(t *testing.T) {
	for _, b := range builds(t) {
		for _, wrong := range apart(t, b) {
			t.Errorf("%s: %s", b.name, wrong)
		}
	}
	if most := mostReplicas(kustomize(t, "overlays/replicas", "")); most != 6 {
		t.Errorf("overlays/replicas runs up to %d replicas", most)
	}
	for name, c := range map[string]struct{ dir, file, from, to, want string }{
		"a file scaled up":       {"overlays/production", "components/hpa/hpa.yaml", "maxReplicas: 1", "maxReplicas: 2", "each has a database of its own"},
		"a disk scaled up":       {"overlays/production", "base/gate.yaml", "replicas: 1", "replicas: 2", "one disk for all: data"},
		"a file that rolls over": {"overlays/production", "base/gate.yaml", "{type: Recreate}", "{type: RollingUpdate}", "two gates on one file"},
		"replicas on a file":     {"overlays/replicas", "components/replicas/gate.yaml", "IMAGEGATE_DATABASE", "IMAGEGATE_DB", "each has a database of its own"},
		"a disk among replicas":  {"overlays/replicas", "components/replicas/gate.yaml", "persistentVolumeClaim: null\n        emptyDir: {sizeLimit: 8Gi}", "emptyDir: null\n        persistentVolumeClaim: {claimName: a}", "one disk for all: data"},
	} {
		fs := copied(t)
		edit(t, fs, c.file, c.from, c.to)
		if wrong := strings.Join(apart(t, made(t, fs, c.dir, name)), "; "); !strings.Contains(wrong, c.want) {
			t.Errorf("%s is found to be %q, want %q", name, wrong, c.want)
		}
	}
	// Production's disk gives way where replicas are added below it.
	fs := copied(t)
	edit(t, fs, "overlays/replicas/kustomization.yaml", "- ../../components/hpa\n", "- ../../components/hpa\n- ../../components/storage\n")
	for _, wrong := range apart(t, made(t, fs, "overlays/replicas", "replicas after storage")) {
		t.Errorf("replicas after storage: %s", wrong)
	}
}

// graceOfServe is the default of serve --grace in seconds, cancelled what the
// queue may take to put back what is left then (internal/store, Jobs.Stop).
const (
	graceOfServe = 20
	cancelled    = 10
)

func TestARolloutTakesNothingFromThoseWhoAsk(t *testing.T) {
	b := kustomize(t, "overlays/replicas", "")
	d := gateOf(b)
	p, s := d.Spec.Template.Spec, d.Spec.Strategy
	if s.Type != appsv1.RollingUpdateDeploymentStrategyType || s.RollingUpdate.MaxUnavailable.IntValue() != 0 || s.RollingUpdate.MaxSurge.IntValue() < 1 {
		t.Errorf("strategy %+v", s)
	}
	stop := p.Containers[0].Lifecycle.PreStop.Sleep.Seconds
	if need := stop + 2*graceOfServe + cancelled; stop < 1 || *p.TerminationGracePeriodSeconds <= need {
		t.Errorf("pods have %d s to end and need more than %d", *p.TerminationGracePeriodSeconds, need)
	}
	if init := p.InitContainers; len(init) != 1 || !slices.Equal(init[0].Args, []string{"db", "update", "--data=" + setting(t, b, d, "data")}) || init[0].Image != p.Containers[0].Image {
		t.Errorf("a replica begins without a vulnerability database: %v", init)
	}
	if setting(t, b, d, "db-refresh") == "" {
		t.Error("nobody renews a replica's vulnerability database")
	}
	for _, budget := range of[*policyv1.PodDisruptionBudget](b) {
		if budget.Spec.MaxUnavailable != nil || budget.Spec.MinAvailable.IntValue() != 2 || *d.Spec.Replicas <= 2 {
			t.Errorf("of %d replicas a drain may take %+v", *d.Spec.Replicas, budget.Spec)
		}
	}
}
