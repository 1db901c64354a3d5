package audit

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// SecretManifest is W-41.
var SecretManifest = &Check{
	ID: "W-41", Name: "secret-manifest", Severity: gate.SeverityHigh,
	Doc: Doc{
		What:     "Secrets whose values stand in the manifest.",
		Why:      "base64 is no encryption: whoever can read the repository, now or in its history, has the secret.",
		Example:  "kind: Secret with data or stringData fails, and so does SOPS where a value was left in the clear; a Secret without data, one whose values are ENC[…], {{ … }} or $(…), SealedSecret, ExternalSecret, VaultStaticSecret and SecretProviderClass pass; placeholders are LOW. Secrets read from a cluster are not judged. The value is never printed.",
		Fix:      "Seal it (SealedSecret, SOPS), or have it fetched (External Secrets, Vault); change what was published.",
		Controls: []string{"CIS Kubernetes 5.4.2"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		for _, o := range in.Objects {
			switch {
			case o.Is("", "Secret") && o.Unstructured.GetUID() == "":
				findings = append(findings, literalSecret(o)...)
			case o.Is("bitnami.com", "SealedSecret"):
				findings = append(findings, textSecrets(o, "the SealedSecret's template, which is not sealed,", "spec", "template", "data")...)
			case o.Is("external-secrets.io", "ExternalSecret"):
				findings = append(findings, textSecrets(o, "the ExternalSecret's template", "spec", "target", "template", "data")...)
			}
		}
		return findings
	},
}

// literalSecret names the keys of a Secret whose values stand there.
func literalSecret(o *manifest.Object) []Finding {
	content := o.Unstructured.Object
	var keys, broken []string
	field, severity := "", gate.SeverityLow
	for _, part := range []string{"data", "stringData"} {
		values, _ := content[part].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(values)) {
			value, ok := values[key].(string)
			if !ok || public(key) || strings.HasPrefix(value, "ENC[") {
				continue
			}
			if part == "data" {
				decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), ""))
				switch {
				case err == nil:
					value = string(decoded)
				case !reference(value): // templates are no base64 yet
					broken = append(broken, key)
				}
			}
			if reference(value) && check.CredentialKind(value) == "" {
				continue
			}
			if !check.PlaceholderValue(value) {
				severity = gate.SeverityHigh
			}
			keys = append(keys, key)
			if field == "" {
				field = manifest.Join(part, key)
			}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	f := about(o, field, fmt.Sprintf("the manifest holds the Secret's values in the clear (%s): base64 is no encryption", listed(keys)),
		"seal it (SealedSecret, SOPS) or have it fetched (External Secrets, Vault), and change what was published")
	f.Severity = severity
	switch _, sops := content["sops"].(map[string]any); {
	case sops:
		f.Message = fmt.Sprintf("the manifest was encrypted by SOPS, but these values were left in the clear: %s", listed(keys))
		f.Fix = "correct encrypted_regex in .sops.yaml, encrypt again, and change what was published"
	case severity == gate.SeverityLow:
		f.Message = fmt.Sprintf("the manifest holds placeholders for the Secret's values (%s): it overwrites the real ones wherever it is applied", listed(keys))
	}
	if len(broken) > 0 {
		f.Message += fmt.Sprintf("; %s is no base64, and the API server refuses it", listed(broken))
	}
	return []Finding{f}
}

// public are keys of Secrets that hold what everybody may know.
func public(key string) bool {
	return strings.HasSuffix(key, ".crt") || strings.HasSuffix(key, ".pub")
}
