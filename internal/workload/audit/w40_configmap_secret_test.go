package audit

import "testing"

func TestConfigMapSecret(t *testing.T) {
	configMap := func(data string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n" + data
	}
	test(t, ConfigMapSecret, []scenario{
		{name: "a key that says so", objects: configMap("  db-password: hunter2\n"), want: []string{"data.db-password"}, says: "db-password"},
		{name: "a line of a file", objects: configMap("  app.properties: |\n    # comment\n    db.user=app\n    db.password=hunter2\n"), want: []string{`data["app.properties"]`}, says: `"db.password" in line 3`},
		{name: "camelCase in YAML", objects: configMap("  app.yaml: |\n    db:\n      adminPassword: hunter2\n"), want: []string{`data["app.yaml"]`}, says: "adminPassword"},
		{name: "JSON in one line", objects: configMap("  app.json: '{\"user\":\"a\",\"apiKey\":\"hunter2\",\"x\":1}'\n"), want: []string{`data["app.json"]`}, says: "apiKey"},
		{name: "a private key", objects: configMap("  tls.pem: |\n    -----BEGIN RSA PRIVATE KEY-----\n    AAAA\n"), want: []string{`data["tls.pem"]`}, says: "a private key"},
		{name: "a URL with a password", objects: configMap("  url: postgres://app:hunter2@db/app\n"), want: []string{"data.url"}, says: "a URL with a password"},
		{name: "bytes", objects: "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, binaryData: {k: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCg==}}", want: []string{"binaryData.k"}, says: "a private key"},
		{name: "a reference", objects: configMap("  app.properties: |\n    db.password=${DB_PASSWORD}\n    token={{ .Data.token }}\n    secret = \"$(S)\"\n")},
		{name: "Vault's templates", objects: configMap("  config.hcl: |\n    contents = \"{{- with secret \\\"database/creds/app\\\" -}}export DB_PASSWORD=\\\"{{ .Data.password }}\\\"{{- end }}\"\n")},
		{name: "a comment", objects: configMap("  app.conf: |\n    # password = hunter2\n    // token: hunter2\n")},
		{name: "prose", objects: configMap("  readme: |\n    The password: it is kept elsewhere, ask the team\n    token: whatever the service hands out\n")},
		{name: "code", objects: configMap("  app.py: |\n    self.password = password\n    token = os.getenv('TOKEN')\n    secret: |\n    pass\n")},
		{name: "settings that speak of secrets", objects: configMap("  app.conf: |\n    token_ttl = 3600000\n    password_file = keys/db\n    secret_name = db\n    max_connections = 100\n")},
		{name: "a file under a key that speaks of secrets", objects: configMap("  secrets-checklist: |\n    Use a vault\n    Rotate tokens\n")},
		{name: "no ConfigMap", objects: "{apiVersion: v1, kind: Other, metadata: {name: c}, data: {password: hunter2}}"},
	})
}
