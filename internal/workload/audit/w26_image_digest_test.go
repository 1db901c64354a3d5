package audit

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestImageDigest(t *testing.T) {
	field := []string{"spec.containers[0].image"}
	task := func(spec string) string {
		return "{apiVersion: tekton.dev/v1, kind: Task, metadata: {name: t}, spec: {" + spec + "}}"
	}
	test(t, ImageDigest, []scenario{
		{name: "a digest", objects: one("image: app@" + digest)},
		{name: "a tag beside a digest", objects: one("image: 'registry:5000/app:1@" + digest + "'")},
		{name: "latest beside a digest", objects: one("image: 'app:latest@" + digest + "'")},
		{name: "a tag", objects: one("image: 'app:1.2'"), want: field, says: `tag "1.2"`},
		{name: "no tag", objects: one("image: nginx"), want: field, says: `tag "latest"`},
		{name: "a port is no tag", objects: one("image: 'registry:5000/app'"), want: field, says: `tag "latest"`},
		{name: "an ill-formed digest", objects: one("image: 'my-registry.com/secure-app@sha256:a1b2c3d4e5f6...'"), want: field, says: `the digest "sha256:a1b2c3d4e5f6..." is ill-formed`},
		{name: "a digest with a digit too many", objects: one("image: 'app@" + digest + "0'"), want: field, says: "ill-formed"},
		{name: "a name that looks like a local source", objects: one("image: 'oci:1.0'"), want: field, says: `tag "1.0"`},
		{name: "what is no reference", objects: one("image: 'A B'"), want: field, says: "no image reference"},
		{name: "10,000 characters", objects: one("image: " + strings.Repeat("a", 10_000)), want: field, says: "no image reference"},
		{name: "a template", objects: one("image: '{{ .Values.image }}'"), want: field, says: "template"},
		{name: "none", objects: one("ports: []"), want: field, says: "no image"},
		{name: "the gate's digest is the patch", objects: one("image: i"), options: imageWith(gate.User{}), want: field},
		{name: "every class of container, and image volumes", objects: podOf("initContainers: [{name: a, image: b}], ephemeralContainers: [{name: e, image: b}], containers: [{name: c, image: b@" + digest + "}], volumes: [{name: v, image: {reference: b}}]"), want: []string{"spec.initContainers[0].image", "spec.ephemeralContainers[0].image", "spec.volumes[0].image.reference"}},
		{name: "steps and sidecars of Tekton", objects: task("stepTemplate: {image: a}, steps: [{name: s, image: b}, {name: p, image: $(params.image)}], sidecars: [{name: c, image: c}]"), want: []string{"spec.sidecars[0].image", "spec.stepTemplate.image", "spec.steps[0].image"}},
		{name: "steps in a task in a pipeline", objects: "{apiVersion: tekton.dev/v1, kind: Pipeline, metadata: {name: t}, spec: {tasks: [{name: a, taskSpec: {steps: [{name: s, image: b}]}}]}}", want: []string{"spec.tasks[0].taskSpec.steps[0].image"}},
	})
}
