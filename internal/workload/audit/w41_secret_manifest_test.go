package audit

import "testing"

func TestSecretManifest(t *testing.T) {
	secret := func(rest string) string {
		return "{apiVersion: v1, kind: Secret, metadata: {name: s}, " + rest + "}\n---\n"
	}
	test(t, SecretManifest, []scenario{
		{name: "data", objects: secret("data: {password: c2VjdXJlLXBhc3N3b3JkLTEyMw==}"), want: []string{"data.password"}, says: "no encryption"},
		{name: "stringData", objects: secret("stringData: {user: admin, password: hunter2}"), want: []string{"stringData.password"}, says: "password, user"},
		{name: "data whose base64 begins like a path", objects: secret("data: {password: /9j/4AAQSkZJRg==}"), want: []string{"data.password"}},
		{name: "data that is no base64", objects: secret("data: {password: hunter2!}"), want: []string{"data.password"}, says: "no base64"},
		{name: "placeholders", objects: secret("stringData: {password: changeme}"), want: []string{"stringData.password"}, says: "placeholders"},
		{name: "SOPS left a value in the clear", objects: secret("stringData: {a: 'ENC[AES256_GCM,data:x]', password: hunter2}, sops: {mac: x}"), want: []string{"stringData.password"}, says: "SOPS"},
		{name: "a sealed template that is not sealed", objects: "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: s}, spec: {encryptedData: {a: b}, template: {data: {password: hunter2}}}}", want: []string{"spec.template.data.password"}, says: "not sealed"},
		{name: "SOPS", objects: secret("data: {password: 'ENC[AES256_GCM,data:x]'}, sops: {mac: x}")},
		{name: "no value", objects: secret("type: kubernetes.io/service-account-token")},
		{name: "templates", objects: secret("data: {password: '{{ .Values.p }}'}, stringData: {token: $(TOKEN), vault: '<path:secret/db#password>'}")},
		{name: "certificates alone", objects: secret("data: {ca.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t}")},
		{name: "read from a cluster", objects: "{apiVersion: v1, kind: Secret, metadata: {name: s, uid: 2b1c}, data: {password: aHVudGVyMg==}}"},
		{name: "SealedSecret", objects: "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: s}, spec: {encryptedData: {password: AgBy}}}"},
		{name: "ExternalSecret", objects: "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: s}, spec: {target: {template: {data: {password: '{{ .password }}'}}}, data: [{secretKey: password, remoteRef: {key: db}}]}}"},
		{name: "VaultStaticSecret and SecretProviderClass", objects: "{apiVersion: secrets.hashicorp.com/v1beta1, kind: VaultStaticSecret, metadata: {name: s}, spec: {path: db}}\n---\n{apiVersion: secrets-store.csi.x-k8s.io/v1, kind: SecretProviderClass, metadata: {name: s}, spec: {provider: vault}}"},
	})
}
