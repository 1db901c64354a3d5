package admission

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/api/imagepolicy/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/imagegate/imagegate/internal/workload"
)

// ReviewImages answers an ImageReview, which the API server's ImagePolicyWebhook
// plugin sends: images, a namespace, and annotations of the image-policy
// domain. It cannot pin a tag, so tags are refused.
func (r *Reviewer) ReviewImages(ctx context.Context, body []byte) ([]byte, Outcome, error) {
	var review v1alpha1.ImageReview
	if err := json.Unmarshal(body, &review); err != nil {
		return nil, "", invalid("the body is not an ImageReview: %v", err)
	}
	if review.Kind != "ImageReview" || review.APIVersion != v1alpha1.SchemeGroupVersion.String() {
		return nil, "", invalid("the body is a %s of %s, expected an ImageReview of %s", quoted(review.Kind), quoted(review.APIVersion), v1alpha1.SchemeGroupVersion)
	}
	if len(review.Spec.Containers) == 0 {
		return nil, "", invalid("the ImageReview names no container")
	}
	var uses []workload.Use
	for i, c := range review.Spec.Containers {
		uses = append(uses, workload.Use{Container: strconv.Itoa(i), List: "containers", Image: c.Image})
	}
	s, err := r.settingsOf(ctx, review.Spec.Namespace)
	if err != nil {
		return nil, "", err
	}
	findings, err := r.judge(ctx, uses, s)
	if err != nil {
		return nil, "", err
	}
	refuseTags(findings)
	annotations := map[string]any{}
	for k, v := range review.Spec.Annotations {
		annotations[k] = v
	}
	object := map[string]any{"metadata": map[string]any{"annotations": annotations}}
	// The review names no user; the pod's own is told by the API server's log.
	asked := &admissionv1.AdmissionRequest{Namespace: review.Spec.Namespace, Kind: metav1.GroupVersionKind{Kind: "ImageReview"}, UserInfo: authenticationv1.UserInfo{}}
	answer, outcome, err := r.answer(ctx, asked, object, s, findings, false)
	if err != nil {
		return nil, "", err
	}
	review.Status = v1alpha1.ImageReviewStatus{Allowed: answer.Allowed, AuditAnnotations: answer.AuditAnnotations, Reason: strings.Join(answer.Warnings, "; ")}
	if answer.Result != nil {
		review.Status.Reason = answer.Result.Message
	}
	out, err := json.Marshal(review)
	return out, outcome, err
}

// generateName is what an object without a name asks for.
func generateName(raw []byte) string {
	var object struct {
		Metadata metav1.ObjectMeta `json:"metadata"`
	}
	_ = json.Unmarshal(raw, &object) // a name for people; absent is fine
	return object.Metadata.GenerateName
}
