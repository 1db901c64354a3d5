package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

// The generated client against the server it was generated for.
func dial(t *testing.T, token string) *client.ClientWithResponses {
	t.Helper()
	s, _ := newServer(t, Options{Token: "correct"})
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	c, err := client.NewClientWithResponses(h.URL, client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheClientTellsAVerdictFromAnEvaluationByItsKind(t *testing.T) {
	c := dial(t, "correct")
	for id, want := range map[string]any{"0190-1": client.Evaluation{}, "0190-2": client.Verdict{}} {
		r, err := c.GetEvaluationWithResponse(t.Context(), id, nil)
		if err != nil || r.JSON200 == nil {
			t.Fatalf("%s: %v %s", id, err, r.Body)
		}
		got, err := r.JSON200.ValueByDiscriminator()
		if err != nil || reflect.TypeOf(got) != reflect.TypeOf(want) {
			t.Errorf("%s is a %T, want %T (%v)", id, got, want, err)
		}
	}
}

func TestTheClientsVerdictLosesNothing(t *testing.T) {
	c := dial(t, "correct")
	r, err := c.CreateEvaluationWithResponse(t.Context(), nil, client.EvaluationRequest{Image: "done"})
	if err != nil || r.JSON200 == nil {
		t.Fatalf("%v %s", err, r.Body)
	}
	written, err := json.Marshal(r.JSON200)
	if err != nil {
		t.Fatal(err)
	}
	var got gate.Verdict
	if err := json.Unmarshal(written, &got); err != nil {
		t.Fatal(err)
	}
	if want := *done().Verdict; !reflect.DeepEqual(got, want) {
		t.Errorf("through the client the verdict became\n%+v\nwant\n%+v", got, want)
	}
}

func TestTheClientReadsProblems(t *testing.T) {
	r, err := dial(t, "wrong").GetImageWithResponse(t.Context(), digest)
	if err != nil || r.ApplicationproblemJSONDefault == nil {
		t.Fatalf("%v %+v", err, r)
	}
	if p := r.ApplicationproblemJSONDefault; p.Status != 401 || p.Code != client.Unauthorized {
		t.Errorf("%+v", p)
	}
}
