package audit

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

func deployment(selector, labels, spec string) string {
	return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: ns}, spec: {selector: {matchLabels: {" + selector + "}}, template: {metadata: {labels: {" + labels + "}}, spec: {" + spec + "}}}}\n---\n"
}

func TestWellFormed(t *testing.T) {
	containers := "containers: [{name: c, image: i}]"
	test(t, WellFormed, []scenario{
		{name: "a plain pod is well formed", objects: podOf(containers)},
		{name: "PodSecurityPolicy is gone, in its old version", objects: "{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: a}}", want: []string{"apiVersion"}, says: "removed in Kubernetes 1.25"},
		{name: "PodSecurityPolicy is gone, in a version it never had", objects: "{apiVersion: policy/v1, kind: PodSecurityPolicy, metadata: {name: a}, spec: {privileged: false}}", want: []string{"apiVersion"}, says: "removed in Kubernetes 1.25"},
		{name: "PodSecurityPolicy is gone, in the extensions group", objects: "{apiVersion: extensions/v1beta1, kind: PodSecurityPolicy, metadata: {name: a}}", want: []string{"apiVersion"}, says: "removed"},
		{name: "a Deployment of extensions names its successor", objects: "{apiVersion: extensions/v1beta1, kind: Deployment, metadata: {name: a}}", want: []string{"apiVersion"}, says: "use Deployment of apps/v1"},
		{name: "a CronJob of batch/v1beta1 names its successor", objects: "{apiVersion: batch/v1beta1, kind: CronJob, metadata: {name: a}}", want: []string{"apiVersion"}, says: "removed in Kubernetes 1.25: use CronJob of batch/v1"},
		{name: "what is removed later than the pinned version is served", objects: "{apiVersion: batch/v1beta1, kind: CronJob, metadata: {name: a}}", options: Options{PodSecurityVersion: "v1.20"}},
		{name: "a kind in the wrong group is told where it is", objects: "{apiVersion: v1, kind: Deployment, metadata: {name: a}}", want: []string{"apiVersion"}, says: "it is one of apps/v1"},
		{name: "a kind that never was", objects: "{apiVersion: v1, kind: Deplyment, metadata: {name: a}}", want: []string{"apiVersion"}, says: "no kind that Kubernetes knows"},
		{name: "an old version of cert-manager", objects: "{apiVersion: cert-manager.io/v1alpha2, kind: Certificate, metadata: {name: a}}", want: []string{"apiVersion"}, says: "use cert-manager.io/v1"},
		{name: "External Secrets' old version is W-42's affair", objects: "{apiVersion: external-secrets.io/v1beta1, kind: ClusterSecretStore, metadata: {name: a}}"},
		{name: "Tekton's old version is served still", objects: "{apiVersion: tekton.dev/v1beta1, kind: Pipeline, metadata: {name: a}}", want: []string{"apiVersion"}, says: "deprecated"},
		{name: "a custom kind is its maker's affair", objects: "{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}, spec: {anything: goes}}"},
		{name: "a custom kind of a group in Kubernetes' domain is too", objects: "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a}}"},
		{name: "a field that does not exist", objects: podOf("securitycontext: {runAsNonRoot: true}, " + containers), want: []string{"spec.securitycontext"}, says: "does not exist"},
		{name: "a field in a container that does not exist", objects: podOf("containers: [{name: c, image: i, privileged: true}]"), want: []string{"spec.containers[0].privileged"}, says: "does not exist"},
		{name: "a value of another type", objects: podOf("containers: [{name: c, image: 5}]"), want: []string{"spec.containers.image"}, says: "not of the form of a Pod"},
		{name: "data of a Secret that is not base64", objects: "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: '${TOKEN}'}}", want: []string{"data.a"}, says: "illegal base64"},
		{name: "a CA bundle that was not filled in", objects: "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: a, clientConfig: {caBundle: '${CA_BUNDLE}'}}]}", want: []string{"webhooks[0].clientConfig.caBundle"}, says: "illegal base64"},
		{name: "a selector that matches its pods", objects: deployment("app: a", "app: a, tier: b", containers)},
		{name: "a selector that does not match its pods", objects: deployment("app: a", "app: b", containers), want: []string{"spec.selector"}, says: "does not match the template's own labels"},
		{name: "a custom kind whose template is none", objects: "{apiVersion: x.io/v1, kind: X, metadata: {name: a}, spec: {template: {spec: {containers: [{name: a, image: 5}]}}}}", want: []string{""}, says: "no other check saw it"},
		{name: "a Service that selects a workload", objects: deployment("app: a", "app: a", containers) + "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: ns}, spec: {selector: {app: a}}}"},
		{name: "a Service that selects nothing", objects: deployment("app: a", "app: a", containers) + "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: ns}, spec: {selector: {app: b}}}", want: []string{"spec.selector"}, says: "matches none"},
		{name: "a Service whose namespace has no workloads here", objects: deployment("app: a", "app: a", containers) + "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: os}, spec: {selector: {app: b}}}"},
		{name: "a Service whose workload is in the context", objects: "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: ns}, spec: {selector: {app: a}}}", context: deployment("app: a", "app: a", containers)},
	})
}

func TestWhatAClusterAnsweredIsNotHeldAgainstThisLibrary(t *testing.T) {
	o := parse(t, podOf("aFieldOfTheFuture: true, containers: [{name: c, image: i}]"))[0]
	if found := WellFormed.Decide(Input{Objects: []*manifest.Object{manifest.FromCluster(o.Unstructured)}}); len(found) != 0 {
		t.Error(found)
	}
}

func TestMessagesDoNotRepeatTheObject(t *testing.T) {
	findings, err := CheckManifests("-", []byte("{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {a: {b: hunter2-hunter2}}}"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Check == "W-00" && strings.Contains(f.Message, "hunter2") {
			t.Errorf("%q repeats a secret", f.Message)
		}
	}
}
