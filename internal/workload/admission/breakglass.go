package admission

import (
	"context"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/imagegate/imagegate/internal/gate"
)

// breakGlass is the reason an object gives for running against the gate's word;
// empty when it gives none, or when its namespace may not.
func breakGlass(s settings, annotations []map[string]any) string {
	if !s.breakGlass || s.mode != Enforce {
		return "" // elsewhere there is no glass to break
	}
	for _, a := range annotations {
		if reason, ok := a[AnnotationBreakGlass].(string); ok && strings.TrimSpace(reason) != "" {
			return strings.TrimSpace(reason)
		}
	}
	return ""
}

// record keeps who broke the glass, for what, and what the gate had to say. If
// it cannot be kept, the glass stays whole. A dry run leaves no trace.
func (r *Reviewer) record(ctx context.Context, req *admissionv1.AdmissionRequest, reason string, refused []string) error {
	if r.Journal == nil || (req.DryRun != nil && *req.DryRun) {
		return nil
	}
	name := req.Name
	if name == "" {
		name = generateName(req.Object.Raw)
	}
	return r.Journal.RecordBrokenGlass(ctx, gate.BrokenGlass{
		At: r.Now(), Namespace: req.Namespace, Kind: cut(req.Kind.Kind, 100), Name: cut(name, 300), User: cut(req.UserInfo.Username, 300),
		Reason: cut(reason, 1000), Refused: cut(strings.Join(refused, "; "), 4000),
	})
}
