package audit

import "testing"

func TestReadOnlyRootFS(t *testing.T) {
	at := ".securityContext.readOnlyRootFilesystem"
	test(t, ReadOnlyRootFS, []scenario{
		{name: "true is read-only", objects: one("image: i, securityContext: {readOnlyRootFilesystem: true}")},
		{name: "leaving it out is writable", objects: one("image: i"), want: []string{"spec.containers[0]" + at}, says: "writable"},
		{name: "false is writable", objects: one("image: i, securityContext: {readOnlyRootFilesystem: false}"), want: []string{"spec.containers[0]" + at}},
		{name: "sidecars, init and ephemeral containers count", objects: podOf("initContainers: [{name: a, image: i}, {name: b, image: i, restartPolicy: Always}], ephemeralContainers: [{name: e, image: i}], containers: [{name: c, image: i, securityContext: {readOnlyRootFilesystem: true}}]"), want: []string{"spec.initContainers[0]" + at, "spec.initContainers[1]" + at, "spec.ephemeralContainers[0]" + at}},
		{name: "a template in a CronJob counts", objects: "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: i}]}}}}}}", want: []string{"spec.jobTemplate.spec.template.spec.containers[0]" + at}},
		{name: "a template in a Rollout counts", objects: "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: a}, spec: {template: {spec: {containers: [{name: c, image: i}]}}}}", want: []string{"spec.template.spec.containers[0]" + at}},
		{name: "Windows has no such thing", objects: podOf("os: {name: windows}, containers: [{name: c, image: i}]")},
	})
}

func TestVolumesOfTheImageAreNamedAsPlacesToWrite(t *testing.T) {
	in := Input{Objects: parse(t, one("image: i, volumeMounts: [{name: a, mountPath: /data/}]")), Options: Options{Images: func(string) (ImageFacts, bool) {
		return ImageFacts{Volumes: []string{"/data", "/var/lib/x"}}, true
	}}}
	if f := ReadOnlyRootFS.Decide(in)[0]; f.Fix != "set readOnlyRootFilesystem: true and mount an emptyDir where the program writes, for example at /var/lib/x, which the image declares as a volume" {
		t.Error(f.Fix)
	}
}
