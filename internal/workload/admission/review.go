package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload"
)

// The versions of AdmissionReview that are answered. Both have the same shape.
var versions = map[string]bool{"admission.k8s.io/v1": true, "admission.k8s.io/v1beta1": true}

// Review answers an AdmissionReview. With mutate, images named by tag are
// pinned to the digest that was decided. An error means that the gate cannot
// tell; the cluster's failurePolicy says what that is worth.
func (r *Reviewer) Review(ctx context.Context, body []byte, mutate bool) ([]byte, Outcome, error) {
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil {
		return nil, "", invalid("the body is not an AdmissionReview: %v", err)
	}
	if review.Kind != "AdmissionReview" || !versions[review.APIVersion] {
		return nil, "", invalid("the body is a %s of %s, expected an AdmissionReview of admission.k8s.io/v1", quoted(review.Kind), quoted(review.APIVersion))
	}
	if review.Request == nil || review.Request.UID == "" {
		return nil, "", invalid("the AdmissionReview has no request with a uid")
	}
	response, outcome, err := r.respond(ctx, review.Request, mutate)
	if err != nil {
		return nil, "", err
	}
	response.UID = review.Request.UID
	out, err := json.Marshal(admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Response: response})
	return out, outcome, err
}

func (r *Reviewer) respond(ctx context.Context, req *admissionv1.AdmissionRequest, mutate bool) (*admissionv1.AdmissionResponse, Outcome, error) {
	ignored := &admissionv1.AdmissionResponse{Allowed: true}
	if (req.Operation != admissionv1.Create && req.Operation != admissionv1.Update) || isMirrorPod(req) {
		return ignored, Ignored, nil
	}
	object, err := decodeObject(req.Object.Raw)
	if err != nil {
		return nil, "", err
	}
	uses := workload.Images(object)
	if req.Operation == admissionv1.Update {
		if uses, err = changed(uses, req.OldObject.Raw); err != nil {
			return nil, "", err
		}
	}
	if len(uses) == 0 {
		return ignored, Ignored, nil
	}
	s, err := r.settingsOf(ctx, req.Namespace)
	if err != nil {
		return nil, "", err
	}
	findings, err := r.judge(ctx, uses, s)
	if err != nil {
		return nil, "", err
	}
	isPod := req.Kind.Group == "" && req.Kind.Kind == "Pod"
	if isPod && !mutate {
		refuseTags(findings)
	}
	response, outcome, err := r.answer(ctx, req, object, s, findings, mutate)
	if err == nil && mutate && isPod && response.Allowed && s.mode != Audit {
		err = patch(response, findings)
	}
	return response, outcome, err
}

// answer weighs what was found with what the namespace wants. The mutating call
// comes before the validating one of the same object, so it records nothing.
func (r *Reviewer) answer(ctx context.Context, req *admissionv1.AdmissionRequest, object map[string]any, s settings, findings []finding, mutate bool) (*admissionv1.AdmissionResponse, Outcome, error) {
	response := &admissionv1.AdmissionResponse{Allowed: true, AuditAnnotations: map[string]string{}}
	refused := refusals(findings)
	outcome := Allowed
	for _, f := range findings {
		if f.Warning != "" {
			response.Warnings = append(response.Warnings, warning(f, f.Warning))
			outcome = Warned
		}
	}
	switch reason := breakGlass(s, workload.Annotations(object)); {
	case len(refused) == 0:
	case reason != "":
		if !mutate {
			if err := r.record(ctx, req, reason, refused); err != nil {
				return nil, "", err
			}
		}
		outcome = BrokenGlass
		response.Warnings = append(response.Warnings, "imagegate: the glass was broken, and this is recorded: "+cut(reason, 100))
		response.AuditAnnotations["break-glass"] = cut(reason, 500)
	case s.mode == Audit:
		outcome = Audited
	case s.mode == Warn:
		outcome = Warned
		for _, f := range findings {
			if !f.Allowed {
				response.Warnings = append(response.Warnings, warning(f, f.Reason))
			}
		}
	default:
		outcome = Denied
		response.Allowed = false
		response.Result = &metav1.Status{Status: metav1.StatusFailure, Code: 403, Reason: metav1.StatusReasonForbidden, Message: "imagegate: " + strings.Join(refused, "; ")}
	}
	if len(refused) > 0 {
		response.AuditAnnotations["refused"] = cut(strings.Join(refused, "; "), 2000)
	}
	return response, outcome, nil
}

// refuseTags refuses images of a pod that are not pinned: a tag may mean
// something else by the time the node pulls it. Pods are pinned by /mutate;
// workloads may name tags, because the pods they make will be.
func refuseTags(findings []finding) {
	for i := range findings {
		f := &findings[i]
		if f.Allowed && f.Pinned != "" {
			f.Allowed, f.Warning = false, ""
			f.Reason = fmt.Sprintf("%s names a tag: write %s, or let the cluster pin it (the mutating webhook of the gate)", f.Image, f.Pinned)
		}
	}
}

// refusals says in words what is refused, at most a few of them.
func refusals(findings []finding) []string {
	var out []string
	more := 0
	for _, f := range findings {
		switch {
		case f.Allowed:
		case len(out) == 5:
			more++
		default:
			out = append(out, fmt.Sprintf("%s %s: %s", list(f), quoted(f.Container), cut(f.Reason, 800)))
		}
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return out
}

func list(f finding) string {
	switch f.List {
	case "initContainers":
		return "init container"
	case "ephemeralContainers":
		return "ephemeral container"
	case "volumes":
		return "image volume"
	}
	return "container"
}

func warning(f finding, text string) string {
	return "imagegate: " + list(f) + " " + quoted(f.Container) + ": " + cut(text, 400)
}

// changed leaves out what already ran with the same image: an update of its
// labels must not fail because of a verdict that came since.
func changed(uses []workload.Use, old json.RawMessage) ([]workload.Use, error) {
	before := map[[3]string]bool{}
	if len(old) > 0 {
		object, err := decodeObject(old)
		if err != nil {
			return nil, err
		}
		for _, u := range workload.Images(object) {
			before[[3]string{u.List, u.Container, u.Image}] = true
		}
	}
	var out []workload.Use
	for _, u := range uses {
		if !before[[3]string{u.List, u.Container, u.Image}] {
			out = append(out, u)
		}
	}
	return out, nil
}

func decodeObject(raw json.RawMessage) (map[string]any, error) {
	if len(raw) == 0 {
		return nil, invalid("the request carries no object")
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil || object == nil {
		return nil, invalid("the request's object is not a JSON object")
	}
	return object, nil
}

// isMirrorPod reports whether a kubelet shows a pod that it runs from a file:
// refusing the mirror would stop nothing and hide the pod. The annotation alone
// is anybody's; only nodes may make mirrors (NodeRestriction).
func isMirrorPod(req *admissionv1.AdmissionRequest) bool {
	if req.Kind.Kind != "Pod" || !strings.HasPrefix(req.UserInfo.Username, "system:node:") {
		return false
	}
	node := false
	for _, g := range req.UserInfo.Groups {
		node = node || g == "system:nodes"
	}
	var object struct {
		Metadata struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
	}
	if !node || json.Unmarshal(req.Object.Raw, &object) != nil {
		return false
	}
	_, mirror := object.Metadata.Annotations["kubernetes.io/config.mirror"]
	return mirror
}

func invalid(format string, args ...any) error {
	return gate.NewError(gate.CodeInvalid, fmt.Sprintf(format, args...), nil)
}
