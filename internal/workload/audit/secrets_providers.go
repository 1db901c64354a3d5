package audit

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// providerFindings judges the objects by which secrets reach a cluster without
// standing in a manifest. What is in order has no finding.
func providerFindings(o *manifest.Object) []Finding {
	switch o.GVK().Group {
	case "external-secrets.io":
		return append(removedVersion(o), plainTransport(o)...)
	case "bitnami.com":
		if o.Kind() == "SealedSecret" {
			return unsealable(o)
		}
	case "secrets.hashicorp.com":
		if skip, _, _ := unstructured.NestedBool(o.Unstructured.Object, "spec", "skipTLSVerify"); skip {
			f := about(o, "spec.skipTLSVerify", "the operator does not verify Vault's certificate: whoever is on the way reads the secrets", "remove it, and name the authority in caCertSecretRef")
			f.Severity, f.Patch = gate.SeverityMedium, set(o, "spec.skipTLSVerify", false)
			return []Finding{f}
		}
		return plainTransport(o)
	case "secrets-store.csi.x-k8s.io":
		if v := o.GVK().Version; o.Kind() == "SecretProviderClass" && v != "v1" {
			return []Finding{olderVersion(o, "secrets-store.csi.x-k8s.io/v1", fmt.Sprintf("%s of secrets-store.csi.x-k8s.io is deprecated", v))}
		}
	}
	return nil
}

// removedVersion finds what External Secrets no longer serves: v1beta1 went
// with its 0.17. Its v1 has the same fields.
func removedVersion(o *manifest.Object) []Finding {
	promoted := []string{"ExternalSecret", "SecretStore", "ClusterSecretStore", "ClusterExternalSecret"}
	if v := o.GVK().Version; v == "v1" || !slices.Contains(promoted, o.Kind()) {
		return nil
	} else if v != "v1beta1" {
		return []Finding{about(o, "apiVersion", fmt.Sprintf("external-secrets.io/%s is no longer served", v), "rewrite it as external-secrets.io/v1")}
	}
	return []Finding{olderVersion(o, "external-secrets.io/v1", "external-secrets.io/v1beta1 is no longer served since External Secrets 0.17: the object is refused, and the secret is never made")}
}

func olderVersion(o *manifest.Object, now, message string) Finding {
	f := about(o, "apiVersion", message, "write apiVersion: "+now)
	f.Severity, f.Patch = gate.SeverityMedium, set(o, "apiVersion", now)
	return f
}

// plainTransport finds a Vault that is asked without TLS.
func plainTransport(o *manifest.Object) []Finding {
	for _, path := range [][]string{{"spec", "provider", "vault", "server"}, {"spec", "address"}} {
		address, _, _ := unstructured.NestedString(o.Unstructured.Object, path...)
		if strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "http://127.0.0.1") && !strings.HasPrefix(address, "http://localhost") {
			f := about(o, strings.Join(path, "."), "Vault is asked without TLS: the secrets cross the network in the clear", "use https")
			f.Severity = gate.SeverityMedium
			return []Finding{f}
		}
	}
	return nil
}

// shortestSealed is the least a sealed value can have, in bytes: two of length,
// a session key sealed by RSA 2048, and AES-GCM's tag.
const shortestSealed = 2 + 256 + 16

// unsealable finds sealed values that no controller can open: what is left of
// them after somebody shortened them.
func unsealable(o *manifest.Object) []Finding {
	data, _, _ := unstructured.NestedMap(o.Unstructured.Object, "spec", "encryptedData")
	if len(data) == 0 {
		f := about(o, "spec.encryptedData", "the SealedSecret holds no encryptedData: it makes an empty Secret, or none", "seal the Secret again with kubeseal")
		f.Severity = gate.SeverityMedium
		return []Finding{f}
	}
	var broken []string
	for _, key := range slices.Sorted(maps.Keys(data)) {
		text, _ := data[key].(string)
		sealed, err := base64.StdEncoding.DecodeString(text)
		if !strings.Contains(text, "{{") && (err != nil || len(sealed) < shortestSealed) {
			broken = append(broken, key)
		}
	}
	if len(broken) == 0 {
		return nil
	}
	f := about(o, manifest.Join("spec.encryptedData", broken[0]), fmt.Sprintf("the values of %s are not sealed, or were cut: no controller can open them", listed(broken)), "seal the Secret again with kubeseal")
	f.Severity = gate.SeverityMedium
	return []Finding{f}
}
