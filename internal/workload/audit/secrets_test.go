package audit

import (
	"encoding/json"
	"strings"
	"testing"
)

// leaky holds the same secret in every place that a check looks at.
const leaky = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, annotations: {vault.hashicorp.com/agent-inject: "true", vault.hashicorp.com/agent-inject-template-db: hunter2}}
spec:
  template:
    spec:
      containers:
      - name: c
        command: [sh, -c, "set -x; DB_PASSWORD=hunter2 ./app --token hunter2"]
        args: ["--password=hunter2", --secret, hunter2, "Authorization: Bearer hunter2", "postgres://a:hunter2@db/a"]
        env: [{name: API_TOKEN, value: hunter2}, {name: URL, value: "postgres://a:hunter2@db/a"}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {password: hunter2, app.conf: "a=b\npassword=hunter2\n", url: "postgres://a:hunter2@db/a"}
---
apiVersion: v1
kind: Secret
metadata: {name: s, annotations: {kubectl.kubernetes.io/last-applied-configuration: hunter2}}
stringData: {password: hunter2}
data: {broken: hunter2!}
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: s}
spec: {encryptedData: {a: hunter2}, template: {data: {password: hunter2}}}
`

func TestNoFindingHoldsTheSecretItIsAbout(t *testing.T) {
	in := Input{Objects: parse(t, leaky)}
	checks := map[string]bool{}
	for _, c := range checksFrom30() {
		for _, f := range c.Decide(in) {
			f = complete(c, f)
			text, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "hunter2") {
				t.Errorf("%s prints the secret: %s", c.ID, text)
			}
			checks[c.ID] = true
		}
	}
	for _, id := range []string{"W-37", "W-38", "W-40", "W-41", "W-42", "W-46"} {
		if !checks[id] {
			t.Errorf("%s finds nothing in a bundle that is full of secrets", id)
		}
	}
}

func TestALargeTextIsSearchedInOnePass(t *testing.T) {
	text := strings.Repeat("password = \"\n", 1<<16) + "token=hunter2\n"
	if found := secretsIn(text); len(found) != 1 || found[0].line != 1<<16+1 {
		t.Errorf("found %+v", found)
	}
}
