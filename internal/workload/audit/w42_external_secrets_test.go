package audit

import (
	"encoding/base64"
	"fmt"
	"testing"
)

func TestExternalSecrets(t *testing.T) {
	sealed := base64.StdEncoding.EncodeToString(make([]byte, 300))
	object := func(version, kind, spec string) string {
		return fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: s}, spec: {%s}}\n---\n", version, kind, spec)
	}
	const inject = `vault.hashicorp.com/agent-inject: "true"`
	const whole = inject + `, vault.hashicorp.com/role: app, vault.hashicorp.com/agent-inject-secret-db: database/creds/app`
	pod := func(annotations, spec string) string {
		return "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {" + annotations + "}}, spec: {" + spec + "}}\n---\n"
	}
	deployment := func(annotations, template string) string {
		return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, annotations: {" + annotations + "}}, spec: {template: {metadata: {" + template + "}, spec: {containers: [{name: c}]}}}}\n---\n"
	}
	const containers = "containers: [{name: c}]"
	misplacedAt := []string{`metadata.annotations["vault.hashicorp.com/agent-inject"]`}
	test(t, ExternalSecrets, []scenario{
		{name: "a removed version", objects: object("external-secrets.io/v1beta1", "ExternalSecret", ""), want: []string{"apiVersion"}, says: "0.17"},
		{name: "an older version still", objects: object("external-secrets.io/v1alpha1", "SecretStore", ""), want: []string{"apiVersion"}},
		{name: "the version in force, and what was never promoted", objects: object("external-secrets.io/v1", "ExternalSecret", "") + object("external-secrets.io/v1alpha1", "PushSecret", "")},
		{name: "Vault without TLS", objects: object("external-secrets.io/v1", "ClusterSecretStore", "provider: {vault: {server: 'http://vault.vault:8200'}}"), want: []string{"spec.provider.vault.server"}, says: "without TLS"},
		{name: "Vault with TLS", objects: object("external-secrets.io/v1", "SecretStore", "provider: {vault: {server: 'https://vault.vault:8200'}}")},
		{name: "a sealed value that was cut", objects: object("bitnami.com/v1alpha1", "SealedSecret", "encryptedData: {username: AgBy1a9rF8d8...}"), want: []string{"spec.encryptedData.username"}, says: "cut"},
		{name: "nothing sealed", objects: object("bitnami.com/v1alpha1", "SealedSecret", "encryptedData: {}"), want: []string{"spec.encryptedData"}},
		{name: "sealed values", objects: object("bitnami.com/v1alpha1", "SealedSecret", "encryptedData: {a: "+sealed+"}")},
		{name: "the operator's blind trust", objects: object("secrets.hashicorp.com/v1beta1", "VaultConnection", "address: 'https://v', skipTLSVerify: true"), want: []string{"spec.skipTLSVerify"}},
		{name: "the operator's objects", objects: object("secrets.hashicorp.com/v1beta1", "VaultConnection", "address: 'https://v'") + object("secrets.hashicorp.com/v1beta1", "VaultStaticSecret", "path: db")},
		{name: "an old provider class", objects: object("secrets-store.csi.x-k8s.io/v1alpha1", "SecretProviderClass", "provider: vault"), want: []string{"apiVersion"}},
		{name: "the injector's annotations in their place", objects: pod(whole, containers)},
		{name: "on the Deployment", objects: deployment(whole, ""), want: misplacedAt, says: "those of pods"},
		{name: "on the Deployment, beside others of the template", objects: deployment(whole, "annotations: {x: y}"), want: misplacedAt},
		{name: "on both", objects: deployment(whole, "annotations: {"+whole+"}")},
		{name: "no role", objects: pod(inject+", vault.hashicorp.com/agent-inject-secret-db: db", containers), want: []string{"metadata.annotations"}, says: "no role"},
		{name: "no secret", objects: pod(inject+", vault.hashicorp.com/role: app", containers), want: []string{"metadata.annotations"}, says: "no secret"},
		{name: "all in a ConfigMap of the agent", objects: pod(inject+", vault.hashicorp.com/agent-configmap: c", containers)},
		{name: "no token to log in with", objects: pod(whole, "automountServiceAccountToken: false, "+containers), want: []string{"spec.automountServiceAccountToken"}, says: "no service account token"},
		{name: "an account that hands out no token", objects: pod(whole, "serviceAccountName: s, "+containers), context: "{apiVersion: v1, kind: ServiceAccount, metadata: {name: s}, automountServiceAccountToken: false}", want: []string{"spec.automountServiceAccountToken"}},
		{name: "a token of its own", objects: pod(whole+", vault.hashicorp.com/agent-service-account-token-volume-name: t", "automountServiceAccountToken: false, "+containers)},
		{name: "an emptyDir where the secrets go", objects: pod(whole, "containers: [{name: c, volumeMounts: [{name: tmp, mountPath: /tmp}, {name: v, mountPath: /vault/secrets/}]}], volumes: [{name: v, emptyDir: {}}]"), want: []string{"spec.containers[0].volumeMounts[1]"}, says: "hidden"},
		{name: "the secrets go elsewhere", objects: pod(whole+", vault.hashicorp.com/secret-volume-path: /s", "containers: [{name: c, volumeMounts: [{name: v, mountPath: /vault/secrets}]}]")},
		{name: "an agent of its own as well", objects: pod(whole, "containers: [{name: c}, {name: vault-agent}]"), want: []string{"spec.containers[1]"}, says: "same name"},
		{name: "an agent of its own alone", objects: pod("", "containers: [{name: c, volumeMounts: [{name: v, mountPath: /vault/secrets}]}, {name: vault-agent}]")},
		{name: "the injector is told not to", objects: pod(`vault.hashicorp.com/agent-inject: "false"`, containers)},
	})
}
