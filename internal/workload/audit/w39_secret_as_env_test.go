package audit

import "testing"

func TestSecretAsEnv(t *testing.T) {
	test(t, SecretAsEnv, []scenario{
		{name: "one finding for a container", objects: one("env: [{name: A, value: b}, {name: P, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: Q, valueFrom: {secretKeyRef: {name: s, key: l}}}]"), want: []string{"spec.containers[0].env[1]"}, says: "P, Q"},
		{name: "all of a Secret", objects: one("envFrom: [{configMapRef: {name: c}}, {secretRef: {name: s}}]"), want: []string{"spec.containers[0].envFrom[1]"}, says: "all of Secret s"},
		{name: "a volume", objects: podOf("containers: [{name: c, volumeMounts: [{name: v, mountPath: /s}]}], volumes: [{name: v, secret: {secretName: s}}]")},
		{name: "other references", objects: one("env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: k}}}, {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]")},
	})
	if SecretAsEnv.Severity != "LOW" {
		t.Error("what half of the tools recommend as the mend is never more than LOW")
	}
}
