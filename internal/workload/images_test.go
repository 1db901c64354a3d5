package workload_test

import (
	"slices"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/imagegate/imagegate/internal/workload"
)

func TestImagesAreFoundWhereverTheyStand(t *testing.T) {
	for name, test := range map[string]struct {
		object string
		want   []string // list container image pointer
	}{
		"a pod": {`{kind: Pod, spec: {containers: [{name: a, image: i1}], initContainers: [{name: b, image: i2}], ephemeralContainers: [{name: c, image: i3}]}}`, []string{
			"containers a i1 /spec/containers/0/image", "initContainers b i2 /spec/initContainers/0/image", "ephemeralContainers c i3 /spec/ephemeralContainers/0/image"}},
		"a deployment":      {`{kind: Deployment, spec: {template: {spec: {containers: [{name: a, image: i1}]}}}}`, []string{"containers a i1 /spec/template/spec/containers/0/image"}},
		"a cron job":        {`{kind: CronJob, spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: i1}]}}}}}}`, []string{"containers a i1 /spec/jobTemplate/spec/template/spec/containers/0/image"}},
		"a pod template":    {`{kind: PodTemplate, template: {spec: {containers: [{name: a, image: i1}]}}}`, []string{"containers a i1 /template/spec/containers/0/image"}},
		"a custom resource": {`{kind: Fleet, spec: {groups: [{podSpec: {containers: [{image: i1}]}}]}}`, []string{"containers  i1 /spec/groups/0/podSpec/containers/0/image"}},
		"an image volume":   {`{kind: Pod, spec: {containers: [{name: a, image: i1}], volumes: [{name: m, image: {reference: i2}}, {name: e, emptyDir: {}}]}}`, []string{"containers a i1 /spec/containers/0/image", "volumes m i2 /spec/volumes/0/image/reference"}},
		"init containers only, as a patch of a template may have them": {`{kind: X, spec: {initContainers: [{name: a, image: i1}]}}`, []string{"initContainers a i1 /spec/initContainers/0/image"}},
		"a container without an image":                                 {`{kind: Pod, spec: {containers: [{name: a}]}}`, []string{"containers a  /spec/containers/0/image"}},
		"keys that a pointer escapes":                                  {`{kind: X, spec: {a/b~c: {containers: [{name: a, image: i}]}}}`, []string{"containers a i /spec/a~1b~0c/containers/0/image"}},
		"other lists of containers":                                    {`{kind: X, spec: {containers: [one, two]}}`, nil},
		"what a status says is not run":                                {`{kind: Pod, status: {x: {containers: [{name: a, image: i}]}}}`, nil},
		"a config map":                                                 {`{kind: ConfigMap, data: {containers: x}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var object map[string]any
			if err := yaml.Unmarshal([]byte(test.object), &object); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range workload.Images(object) {
				got = append(got, u.List+" "+u.Container+" "+u.Image+" "+u.Pointer)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestAnnotationsOfTheObjectAndItsTemplates(t *testing.T) {
	var object map[string]any
	if err := yaml.Unmarshal([]byte(`{metadata: {annotations: {k: outer}}, spec: {template: {metadata: {annotations: {k: inner}}, spec: {containers: [{name: a}]}}, other: {metadata: {annotations: {k: no}}}}}`), &object); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range workload.Annotations(object) {
		got = append(got, a["k"].(string))
	}
	if !slices.Equal(got, []string{"outer", "inner"}) {
		t.Errorf("%q", got)
	}
}
