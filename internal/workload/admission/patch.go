package admission

import (
	"encoding/json"
	"strconv"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
)

// patch pins every admitted image that was named by tag: each by its own
// pointer and its own answer, and only if it still says what was judged.
func patch(response *admissionv1.AdmissionResponse, findings []finding) error {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value string `json:"value"`
	}
	var operations []operation
	for _, f := range findings {
		if f.Allowed && f.Pinned != "" {
			operations = append(operations, operation{"test", f.Pointer, f.Image}, operation{"replace", f.Pointer, f.Pinned})
		}
	}
	if len(operations) == 0 {
		return nil
	}
	body, err := json.Marshal(operations)
	if err != nil {
		return err
	}
	kind := admissionv1.PatchTypeJSONPatch
	response.Patch, response.PatchType = body, &kind
	return nil
}

// quoted shows text that came with a request, bounded and without control
// characters.
func quoted(s string) string { return strconv.Quote(cut(s, 100)) }

func cut(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}
