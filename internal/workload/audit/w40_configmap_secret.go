package audit

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// ConfigMapSecret is W-40.
var ConfigMapSecret = &Check{
	ID: "W-40", Name: "configmap-secret", Severity: gate.SeverityHigh,
	Doc: Doc{
		What:     "ConfigMaps that hold secrets: under a key that says so, or within the files they hold.",
		Why:      "ConfigMaps are meant to be read by everybody; rights, encryption at rest and audit treat them so.",
		Example:  "data: {db-password: hunter2}, a line password=hunter2 in app.properties, a private key or a URL with a password fail; password=${DB_PASSWORD} and {{ .Data.password }} pass. The value is never printed.",
		Fix:      "Move the value into a Secret, or better a secret provider, and change it.",
		Controls: []string{"CIS Kubernetes 5.4.1"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		for _, o := range in.Objects {
			if o.Is("", "ConfigMap") {
				findings = append(findings, textSecrets(o, "the ConfigMap", "data")...)
				findings = append(findings, binarySecrets(o)...)
			}
		}
		return findings
	},
}

// textSecrets searches the values of a map of texts, and names key and line.
func textSecrets(o *manifest.Object, what string, path ...string) []Finding {
	data, _, _ := unstructured.NestedMap(o.Unstructured.Object, path...)
	parent := ""
	for _, step := range path {
		parent = manifest.Join(parent, step)
	}
	var findings []Finding
	for _, key := range slices.Sorted(maps.Keys(data)) {
		text, ok := data[key].(string)
		if !ok {
			continue
		}
		add := func(message string, s suspicion) {
			f := about(o, manifest.Join(parent, key), message, "move it into a Secret or a secret provider, and change it: it is known")
			f.Severity = s.severity
			findings = append(findings, f)
		}
		if s := suspect(key, text); s != nil && !strings.Contains(strings.TrimSpace(text), "\n") {
			add(fmt.Sprintf("the key %.100q of %s %s", key, what, s.what), *s)
			continue
		}
		for _, p := range secretsIn(text) {
			name := ""
			if p.name != "" {
				name = fmt.Sprintf("%q in ", p.name)
			}
			add(fmt.Sprintf("%sline %d of the key %.100q of %s %s", name, p.line, key, what, p.what), p.suspicion)
		}
	}
	return findings
}

func binarySecrets(o *manifest.Object) []Finding {
	data, _, _ := unstructured.NestedMap(o.Unstructured.Object, "binaryData")
	var findings []Finding
	for _, key := range slices.Sorted(maps.Keys(data)) {
		text, _ := data[key].(string)
		content, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			continue
		}
		if kind := check.CredentialKind(string(content)); kind != "" {
			findings = append(findings, about(o, manifest.Join("binaryData", key), fmt.Sprintf("the key %.100q of the ConfigMap holds %s", key, kind),
				"move it into a Secret or a secret provider, and change it: it is known"))
		}
	}
	return findings
}
