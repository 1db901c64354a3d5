package audit

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// strict decodes as the API server does when a client asks for strict field
// validation, which kubectl does.
var strict = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

// fieldAtFault is how the decoder names a field.
var fieldAtFault = regexp.MustCompile(`^unknown field "(.+)"$`)

// decoded reports what is not of the kind's form: fields that do not exist,
// and values of another type. What a cluster answered it has read itself.
func decoded(o *manifest.Object) []Finding {
	if o.File == "" || !scheme.Scheme.Recognizes(o.GVK()) {
		return nil
	}
	data, err := o.Unstructured.MarshalJSON()
	if err != nil {
		return []Finding{{Object: o, Message: "the object cannot be written as JSON: " + err.Error()}}
	}
	_, _, err = strict.Decode(data, nil, nil)
	if err == nil {
		return nil
	}
	problems, ok := runtime.AsStrictDecodingError(err)
	if !ok {
		return []Finding{{
			Object: o, Field: misfit(o, err),
			Message: fmt.Sprintf("the object is not of the form of a %.100s: %.300s", o.Kind(), reason(err)),
			Fix:     "give every field a value of its type; kubectl explain says which",
		}}
	}
	var all []Finding
	for _, problem := range problems.Errors() {
		f := Finding{Object: o, Message: fmt.Sprintf("%.300s", problem), Fix: "correct or remove it; kubectl explain lists what there is"}
		if m := fieldAtFault.FindStringSubmatch(problem.Error()); m != nil {
			f.Field = m[1]
			f.Message = fmt.Sprintf("the field %.200s does not exist: the API server refuses it, or drops it in silence", m[1])
		}
		all = append(all, f)
	}
	return all
}

// typeError is how the decoder says which field has a value of another type.
var typeError = regexp.MustCompile(`Go struct field (?:[A-Za-z]+\.)?([A-Za-z0-9_.]+) of type`)

// misfit is the field whose value is of another type, where the decoder's
// message lets it be found.
func misfit(o *manifest.Object, err error) string {
	if m := typeError.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	if strings.Contains(err.Error(), "base64") {
		return notBase64(o.Unstructured.Object, "")
	}
	return ""
}

// notBase64 finds a field that holds bytes (a CA bundle, data of a Secret) and
// is not base64.
func notBase64(value any, path string) string {
	m, ok := value.(map[string]any)
	if list, isList := value.([]any); isList {
		for i, element := range list {
			if field := notBase64(element, fmt.Sprintf("%s[%d]", path, i)); field != "" {
				return field
			}
		}
	}
	if !ok {
		return ""
	}
	for _, key := range sortedKeys(m) {
		at := manifest.Join(path, key)
		text, isText := m[key].(string)
		bytes := key == "caBundle" || path == "data" || path == "binaryData"
		if isText && bytes {
			if _, err := base64.StdEncoding.DecodeString(text); err != nil {
				return at
			}
		}
		if field := notBase64(m[key], at); field != "" {
			return field
		}
	}
	return ""
}

// reason shortens the decoder's message to what concerns the manifest: it may
// go on with the whole object.
func reason(err error) string {
	message := err.Error()
	if i := strings.Index(message, ", error found in"); i > 0 {
		message = message[:i]
	}
	return message
}
