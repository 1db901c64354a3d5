package manifest

import (
	"fmt"
	"testing"
)

func TestTemplatesAreFoundByTheirForm(t *testing.T) {
	containers := "{containers: [{name: a, image: b}]}"
	for _, test := range []struct{ name, text, want string }{
		{"a pod", "{kind: Pod, apiVersion: v1, spec: " + containers + "}", "[|spec]"},
		{"a Deployment", "{kind: Deployment, apiVersion: apps/v1, spec: {template: {spec: " + containers + "}}}", "[spec.template|spec.template.spec]"},
		{"a CronJob", "{kind: CronJob, apiVersion: batch/v1, spec: {jobTemplate: {spec: {template: {spec: " + containers + "}}}}}", "[spec.jobTemplate.spec.template|spec.jobTemplate.spec.template.spec]"},
		{"a PodTemplate", "{kind: PodTemplate, apiVersion: v1, template: {spec: " + containers + "}}", "[template|template.spec]"},
		{"a Rollout", "{kind: Rollout, apiVersion: argoproj.io/v1alpha1, spec: {template: {spec: " + containers + "}}}", "[spec.template|spec.template.spec]"},
		{"a Service of Knative", "{kind: Service, apiVersion: serving.knative.dev/v1, spec: {template: {spec: " + containers + "}}}", "[spec.template|spec.template.spec]"},
		{"a podSpec of a custom kind", "{kind: X, apiVersion: x.io/v1, spec: {workers: [{podSpec: " + containers + "}]}}", "[spec.workers[0].podSpec|spec.workers[0].podSpec]"},
		{"several templates in one object", "{kind: X, apiVersion: x.io/v1, spec: {head: {podTemplate: {spec: " + containers + "}}, tail: {template: {spec: " + containers + "}}}}", "[spec.head.podTemplate|spec.head.podTemplate.spec spec.tail.template|spec.tail.template.spec]"},
		{"a Service has none", "{kind: Service, apiVersion: v1, spec: {selector: {a: b}}}", "[]"},
		{"an empty pod has one, without containers", "{kind: Pod, apiVersion: v1}", "[|spec]"},
		{"a ConfigMap's text is no template", "{kind: ConfigMap, apiVersion: v1, data: {template: \"spec: {containers: []}\"}}", "[]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := []string{}
			for _, found := range Templates(read(t, test.text)[0]) {
				got = append(got, found.Path+"|"+found.SpecPath)
			}
			if fmt.Sprint(got) != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
}

func TestWhatIsNoPodSpecIsSaid(t *testing.T) {
	o := read(t, "{kind: X, apiVersion: x.io/v1, spec: {template: {spec: {containers: [{name: a, image: 5}]}}}}")[0]
	if found, problems := Templates(o), Unreadable(o); len(found) != 0 || len(problems) != 1 {
		t.Errorf("templates %v, problems %v", found, problems)
	}
}
