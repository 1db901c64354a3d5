package audit

import "testing"

func TestEnvSecret(t *testing.T) {
	env := func(name, value string) string { return one("env: [{name: " + name + ", value: '" + value + "'}]") }
	at := []string{"spec.containers[0].env[0]"}
	test(t, EnvSecret, []scenario{
		{name: "a name that says so", objects: env("DB_PASSWORD", "hunter2"), want: at, says: "DB_PASSWORD"},
		{name: "a value of a credential's form", objects: env("URL", "postgres://app:hunter2@db/app"), want: at, says: "a URL with a password"},
		{name: "an init container", objects: podOf("initContainers: [{name: i, env: [{name: API_TOKEN, value: hunter2}]}], containers: [{name: c}]"), want: []string{"spec.initContainers[0].env[0]"}},
		{name: "an ephemeral container", objects: podOf("ephemeralContainers: [{name: e, env: [{name: API_TOKEN, value: hunter2}]}], containers: [{name: c}]"), want: []string{"spec.ephemeralContainers[0].env[0]"}},
		{name: "a placeholder", objects: env("DB_PASSWORD", "changeme"), want: at, says: "placeholder"},
		{name: "camelCase", objects: env("dbPassword", "hunter2"), want: at},
		{name: "from a Secret", objects: one("env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: s, key: k}}}]")},
		{name: "SECRETS_DIR", objects: env("SECRETS_DIR", "secrets")},
		{name: "a path to a key", objects: env("JWT_SECRET_KEY_PATH", "keys/jwt")},
		{name: "a file", objects: env("DB_PASSWORD_FILE", "secrets/db")},
		{name: "another variable", objects: env("DB_PASSWORD", "$(OTHER)")},
		{name: "a part from another variable", objects: env("DB_PASSWORD", "x$(OTHER)")},
		{name: "Bank-Vaults", objects: env("DB_PASSWORD", "vault:secret/data/db#password")},
		{name: "1Password", objects: env("DB_PASSWORD", "op://vault/item/field")},
		{name: "vals", objects: env("DB_PASSWORD", "ref+vault://secret/db#/password")},
		{name: "Helm", objects: env("DB_PASSWORD", "{{ .Values.password }}")},
		{name: "SOPS", objects: env("DB_PASSWORD", "ENC[AES256_GCM,data:x]")},
		{name: "AWS Secrets Manager", objects: env("DB_SECRET", "arn:aws:secretsmanager:eu-central-1:1:secret:x")},
		{name: "Google Secret Manager", objects: env("DB_SECRET", "projects/1/secrets/db/versions/1")},
		{name: "nothing", objects: env("DB_PASSWORD", "")},
	})
}
