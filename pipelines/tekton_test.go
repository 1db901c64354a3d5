package pipelines

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"
)

func TestTektonAcceptsEveryFile(t *testing.T) {
	checked := 0
	for _, d := range all(t) {
		object, ok := d.object.(interface {
			SetDefaults(context.Context)
			Validate(context.Context) *apis.FieldError
		})
		if !ok { // Kubernetes' own, which strict decoding has checked
			continue
		}
		checked++
		ctx := validation(t)
		if meta, ok := d.object.(metav1.Object); ok && meta.GetName() == "" {
			meta.SetName(meta.GetGenerateName() + "x7k2p") // as the API server does before it asks
		}
		object.SetDefaults(ctx)
		if err := object.Validate(ctx).Filter(apis.ErrorLevel); err != nil {
			t.Errorf("%s: %v", d.file, err)
		}
	}
	if checked < 15 {
		t.Errorf("%d objects were validated", checked)
	}
}

func TestAFieldThatDoesNotExistIsNoticed(t *testing.T) {
	_, err := decode([]byte("apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: x}\nspec: {stepz: []}\n"))
	if err == nil {
		t.Error("stepz was accepted")
	}
}
