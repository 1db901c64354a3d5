package pipelines

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// builders are the Tasks that need what Pod Security restricted forbids, and
// baseline allows.
var builders = []string{"buildah", "buildah-index"}

// required is all that a Task may require: the source document's Pipeline
// passes no more.
var required = map[string][]string{
	"image-gate": {"IMAGE"}, "trivy-scan": {"IMAGE"}, "cosign-sign": {"IMAGE"}, "buildah": {"IMAGE", "source"}, "deploy": {"ENVIRONMENT", "IMAGE"},
	"buildah-index": {"IMAGE", "DIGESTS"}, "gate-report": {},
}

func TestTasksRequireNoMoreThanTheSourceDocumentGives(t *testing.T) {
	for _, task := range tasks(t) {
		var got []string
		for _, p := range task.Spec.Params {
			if p.Default == nil {
				got = append(got, p.Name)
			}
		}
		for _, w := range task.Spec.Workspaces {
			if !w.Optional {
				got = append(got, w.Name)
			}
		}
		if want := required[task.Name]; !slices.Equal(got, want) {
			t.Errorf("%s requires %q, want %q", task.Name, got, want)
		}
	}
}

func TestTasksAreLaidOutAsCatalogsHaveThem(t *testing.T) {
	categories := []string{"Security", "Image Build", "Deployment"}
	for _, d := range documents(t, "../tasks") {
		task, ok := d.object.(*v1.Task)
		if !ok {
			continue
		}
		if want := filepath.Join("../tasks", task.Name, task.Name+".yaml"); d.file != want {
			t.Errorf("%s is in %s, want %s", task.Name, d.file, want)
		}
		for _, key := range []string{"tekton.dev/pipelines.minVersion", "tekton.dev/categories", "tekton.dev/tags", "tekton.dev/displayName", "tekton.dev/platforms"} {
			if task.Annotations[key] == "" {
				t.Errorf("%s has no annotation %s", task.Name, key)
			}
		}
		if !slices.Contains(categories, task.Annotations["tekton.dev/categories"]) {
			t.Errorf("%s is of category %q, want one of %q", task.Name, task.Annotations["tekton.dev/categories"], categories)
		}
		if task.Labels["app.kubernetes.io/version"] == "" || task.Spec.Description == "" {
			t.Errorf("%s wants a label app.kubernetes.io/version and a description", task.Name)
		}
		for _, p := range task.Spec.Params {
			if p.Description == "" {
				t.Errorf("%s: param %s has no description", task.Name, p.Name)
			}
		}
	}
}

func TestImagesComeFromParamsAndAreNamedInFull(t *testing.T) {
	for _, task := range tasks(t) {
		defaults := map[string]string{}
		for _, p := range task.Spec.Params {
			if p.Default != nil {
				defaults["$(params."+p.Name+")"] = p.Default.StringVal
			}
		}
		for _, step := range task.Spec.Steps {
			image, ok := defaults[step.Image]
			if !ok {
				t.Errorf("%s, step %s: the image %s is no param with a default", task.Name, step.Name, step.Image)
				continue
			}
			ref, err := name.ParseReference(image, name.StrictValidation)
			if err != nil || ref.Identifier() == "latest" {
				t.Errorf("%s: %s is no image to rely on: %v", task.Name, image, err)
			}
		}
	}
}

// substitution is what Tekton replaces before a step runs.
var substitution = regexp.MustCompile(`\$\((params|workspaces|results|context|tasks|steps|credentials)[.\[]`)

func TestNothingOfTheCallerIsPutIntoAScript(t *testing.T) {
	for _, task := range tasks(t) {
		for _, step := range task.Spec.Steps {
			if found := substitution.FindString(step.Script); found != "" {
				t.Errorf("%s, step %s: the script holds %s…: pass it by env", task.Name, step.Name, found)
			}
			for _, e := range step.Env {
				if e.ValueFrom != nil {
					t.Errorf("%s, step %s: %s comes from elsewhere: mount it", task.Name, step.Name, e.Name)
				}
			}
			if len(step.EnvFrom) > 0 {
				t.Errorf("%s, step %s: envFrom: mount it", task.Name, step.Name)
			}
		}
	}
}

var workspaceForm = regexp.MustCompile(`\$\(workspaces\.([A-Za-z0-9_-]+)\.`)

func TestWorkspacesThatAreNamedExist(t *testing.T) {
	for _, task := range tasks(t) {
		declared := map[string]bool{}
		for _, w := range task.Spec.Workspaces {
			declared[w.Name] = true
		}
		for _, m := range workspaceForm.FindAllStringSubmatch(text(task.Spec), -1) {
			if !declared[m[1]] {
				t.Errorf("%s names the workspace %s, which it has not", task.Name, m[1])
			}
		}
	}
}

// chainsHint is a result that Tekton Chains takes for something that was built,
// and signs.
var chainsHint = regexp.MustCompile(`(IMAGE_URL|IMAGE_DIGEST|IMAGES|ARTIFACT_URI|ARTIFACT_DIGEST|ARTIFACT_OUTPUTS|ARTIFACT_INPUTS)$`)

func TestOnlyTheBuildIsSignedByTektonChains(t *testing.T) {
	for _, task := range tasks(t) {
		for _, r := range task.Spec.Results {
			if chainsHint.MatchString(r.Name) && task.Name != "buildah" {
				t.Errorf("%s: Chains would sign what the result %s says", task.Name, r.Name)
			}
		}
	}
	for file, p := range pipelines(t) {
		for _, r := range p.Spec.Results {
			if chainsHint.MatchString(r.Name) {
				t.Errorf("%s: Chains would sign what the result %s says", file, r.Name)
			}
		}
	}
}

// pod is what Tekton makes of a Task's steps, without its own containers.
func pod(t *testing.T, task *v1.Task) corev1.PodSpec {
	t.Helper()
	steps, err := v1.MergeStepsWithStepTemplate(task.Spec.StepTemplate, task.Spec.Steps)
	if err != nil {
		t.Fatal(err)
	}
	spec := corev1.PodSpec{Volumes: task.Spec.Volumes}
	for _, s := range steps {
		spec.Containers = append(spec.Containers, *s.ToK8sContainer())
	}
	return spec
}

func TestTasksRunAsPodSecurityRestrictedWhereTheyCan(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks(t) {
		spec := pod(t, task)
		level := api.LevelRestricted
		if slices.Contains(builders, task.Name) {
			level = api.LevelBaseline
		}
		got := policy.AggregateCheckResults(evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: api.LatestVersion()}, &metav1.ObjectMeta{}, &spec))
		if !got.Allowed {
			t.Errorf("%s is not %s: %s", task.Name, level, got.ForbiddenDetail())
		}
		for _, c := range spec.Containers {
			s := c.SecurityContext
			if s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil || *s.RunAsUser == 0 || s.RunAsGroup == nil || *s.RunAsGroup == 0 || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
				t.Errorf("%s, step %s wants a user, a group and a read-only root", task.Name, c.Name)
				continue
			}
			if s.Privileged != nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || (len(s.Capabilities.Add) > 0 && !slices.Equal(s.Capabilities.Add, []corev1.Capability{"SETUID", "SETGID"})) {
				t.Errorf("%s, step %s has capabilities %+v", task.Name, c.Name, s.Capabilities)
			}
			if c.Resources.Requests.Cpu().IsZero() || c.Resources.Limits.Memory().IsZero() {
				t.Errorf("%s, step %s wants requests and a limit", task.Name, c.Name)
			}
		}
	}
}

func TestStepsWithoutAShellUseNone(t *testing.T) {
	for _, task := range tasks(t) {
		for _, step := range task.Spec.Steps {
			if strings.Contains(step.Image, "GATECTL") && (step.Script != "" || !slices.Equal(step.Command, []string{"/gatectl"})) {
				t.Errorf("%s, step %s: gatectl's image has nothing but gatectl", task.Name, step.Name)
			}
		}
	}
}
