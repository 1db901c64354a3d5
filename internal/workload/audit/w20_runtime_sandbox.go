package audit

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// RuntimeSandbox is W-20.
var RuntimeSandbox = &Check{
	ID: "W-20", Name: "runtime-sandbox", Severity: gate.SeverityMedium,
	Doc: Doc{
		What:    "Whether pods that are labelled untrusted or multi-tenant, themselves or by their namespace, run in a sandbox: a RuntimeClass of gVisor or Kata Containers.",
		Why:     "Containers share the node's kernel; code that nobody vouches for should not.",
		Example: "A pod labelled `trust: untrusted` without runtimeClassName fails, and so does one whose RuntimeClass has the handler runc; `runtimeClassName: gvisor` does not. Labels whose name ends in trust, trust-level, tenancy or isolation are read, and untrusted and multi-tenant themselves.",
		Fix:     "Set runtimeClassName to a class with the handler runsc or kata.",
	},
	Decide: func(in Input) []Finding {
		handlers, namespaces := map[string]string{}, map[string]map[string]string{}
		for o := range in.Known() {
			switch {
			case o.Is("node.k8s.io", "RuntimeClass"):
				handlers[o.Name()], _, _ = unstructured.NestedString(o.Unstructured.Object, "handler")
			case o.Is("", "Namespace"):
				namespaces[o.Name()] = o.Labels()
			}
		}
		var all []Finding
		for t := range in.Templates() {
			if distrusted(t.Meta.Labels) || distrusted(namespaces[t.Object.Namespace()]) {
				all = append(all, sandbox(t, handlers)...)
			}
		}
		return all
	},
}

func sandbox(t manifest.Template, handlers map[string]string) []Finding {
	f := Finding{Object: t.Object, Field: t.SpecPath + ".runtimeClassName", Fix: "set runtimeClassName to a class of gVisor (runsc) or Kata Containers"}
	class := t.Spec.RuntimeClassName
	if class == nil || *class == "" {
		f.Message = "the pod is labelled as not to be trusted and runs on the node's own kernel"
		return []Finding{f}
	}
	handler, known := handlers[*class]
	switch {
	case known && sandboxed(handler), !known && sandboxed(*class):
		return nil
	case known:
		f.Message = fmt.Sprintf("the pod is labelled as not to be trusted, and the handler of its RuntimeClass %.100q is %.100q, which is no sandbox", *class, handler)
	default:
		f.Outcome = unknown
		f.Message = fmt.Sprintf("the pod is labelled as not to be trusted, and its RuntimeClass %.100q is not among the objects at hand", *class)
		f.Fix = "name the directory that holds the RuntimeClass with --context"
	}
	return []Finding{f}
}

// sandboxed knows the usual names of handlers, and of classes named for them.
func sandboxed(name string) bool {
	name = strings.ToLower(name)
	return name == "runsc" || strings.HasPrefix(name, "gvisor") || strings.HasPrefix(name, "kata")
}

// distrusted reads what labels say about how far the pod is to be trusted.
func distrusted(labels map[string]string) bool {
	for key, value := range labels {
		name := key[strings.LastIndex(key, "/")+1:]
		switch {
		case slices.Contains([]string{"untrusted", "multi-tenant"}, name) && value == "true":
			return true
		case slices.Contains([]string{"trust", "trust-level", "tenancy", "isolation"}, name) &&
			slices.Contains([]string{"untrusted", "multi-tenant", "sandbox", "sandboxed"}, value):
			return true
		}
	}
	return false
}
