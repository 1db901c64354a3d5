package cluster

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// server answers lists as an API server does: in pages, and metadata alone
// where that is asked for. It keeps what it was asked.
type server struct {
	*httptest.Server
	lists  map[string][]map[string]any // by path
	status map[string]int              // by path, instead of an answer
	expire bool                        // whether the first continue token has expired

	mu    sync.Mutex // guards asked
	asked []string
}

func start(t *testing.T) *server {
	s := &server{lists: map[string][]map[string]any{}, status: map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if code := s.status[r.URL.Path]; code != 0 {
		w.WriteHeader(code)
		reason := map[int]string{403: "Forbidden", 404: "NotFound"}[code]
		_, _ = fmt.Fprintf(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": %d, "reason": %q}`, code, reason)
		return
	}
	items, from := s.lists[r.URL.Path], 0
	if token := r.URL.Query().Get("continue"); token != "" {
		if s.expire {
			s.expire = false
			w.WriteHeader(http.StatusGone)
			_, _ = fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired"}`)
			return
		}
		_, _ = fmt.Sscan(token, &from)
	}
	limit, next := len(items)-from, ""
	if n := 0; r.URL.Query().Get("limit") != "" {
		_, _ = fmt.Sscan(r.URL.Query().Get("limit"), &n)
		if n < limit {
			limit, next = n, fmt.Sprint(from+n)
		}
	}
	page := items[from : from+limit]
	list := map[string]any{"kind": "List", "apiVersion": "v1", "metadata": map[string]any{"continue": next}, "items": page}
	if strings.Contains(r.Header.Get("Accept"), "PartialObjectMetadataList") {
		list["kind"], list["apiVersion"] = "PartialObjectMetadataList", "meta.k8s.io/v1"
	}
	if page == nil {
		list["items"] = []any{}
	}
	_ = json.NewEncoder(w).Encode(list)
}

func object(version, kind, namespace, name string, owner ...string) map[string]any {
	meta := map[string]any{"name": name, "namespace": namespace, "managedFields": []any{map[string]any{"manager": "x"}}}
	if len(owner) == 2 {
		meta["ownerReferences"] = []any{map[string]any{"apiVersion": owner[0], "kind": owner[1], "name": "o", "uid": "u", "controller": true}}
	}
	return map[string]any{"apiVersion": version, "kind": kind, "metadata": meta, "spec": map[string]any{}, "status": map[string]any{"x": "y"}}
}

func names(list []*manifest.Object) string {
	var all []string
	for _, o := range list {
		all = append(all, o.Kind()+"/"+o.Name())
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestWhatAListedOwnerStandsForIsLeftOut(t *testing.T) {
	s := start(t)
	s.lists["/api/v1/pods"] = []map[string]any{
		object("v1", "Pod", "a", "alone"),
		object("v1", "Pod", "a", "of-replicaset", "apps/v1", "ReplicaSet"),
		object("v1", "Pod", "a", "of-taskrun", "tekton.dev/v1", "TaskRun"),
		object("v1", "Pod", "a", "static", "v1", "Node"),
	}
	s.lists["/apis/apps/v1/replicasets"] = []map[string]any{
		object("apps/v1", "ReplicaSet", "a", "of-deployment", "apps/v1", "Deployment"),
		object("apps/v1", "ReplicaSet", "a", "of-rollout", "argoproj.io/v1alpha1", "Rollout"),
	}
	s.lists["/apis/batch/v1/jobs"] = []map[string]any{object("batch/v1", "Job", "a", "of-cronjob", "batch/v1", "CronJob")}
	found, err := List(t.Context(), &rest.Config{Host: s.URL}, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := names(found.Objects); got != "Pod/alone Pod/of-taskrun Pod/static ReplicaSet/of-rollout" {
		t.Error(got)
	}
	for _, o := range found.Objects {
		if o.Unstructured.GetManagedFields() != nil || o.Unstructured.Object["status"] != nil || o.File != "" {
			t.Errorf("%s keeps what nobody reads", o.Name())
		}
	}
}

func TestEveryPageIsRead(t *testing.T) {
	for _, expire := range []bool{false, true} {
		s := start(t)
		s.expire = expire
		for i := range 1201 {
			s.lists["/apis/apps/v1/deployments"] = append(s.lists["/apis/apps/v1/deployments"], object("apps/v1", "Deployment", "a", fmt.Sprintf("d%d", i)))
		}
		found, err := List(t.Context(), &rest.Config{Host: s.URL}, "")
		if err != nil || len(found.Objects) != 1201 {
			t.Errorf("expired %v: %d objects, %v", expire, len(found.Objects), err)
		}
	}
}

func TestOneNamespaceIsJudgedAndTheRestExplains(t *testing.T) {
	s := start(t)
	s.lists["/api/v1/namespaces"] = []map[string]any{object("v1", "Namespace", "", "a"), object("v1", "Namespace", "", "b")}
	s.lists["/api/v1/namespaces/a/pods"] = []map[string]any{object("v1", "Pod", "a", "p")}
	s.lists["/apis/rbac.authorization.k8s.io/v1/clusterroles"] = []map[string]any{object("rbac.authorization.k8s.io/v1", "ClusterRole", "", "r")}
	found, err := List(t.Context(), &rest.Config{Host: s.URL}, "a")
	if err != nil {
		t.Fatal(err)
	}
	if names(found.Objects) != "Namespace/a Pod/p" || names(found.Context) != "ClusterRole/r Namespace/b" {
		t.Error(names(found.Objects), names(found.Context))
	}
}

func TestNothingIsWrittenAndNoSecretIsRead(t *testing.T) {
	s := start(t)
	s.lists["/api/v1/configmaps"] = []map[string]any{object("v1", "ConfigMap", "a", "c")}
	found, err := List(t.Context(), &rest.Config{Host: s.URL}, "")
	if err != nil || names(found.Objects) != "ConfigMap/c" {
		t.Fatal(names(found.Objects), err)
	}
	for _, asked := range s.asked {
		if !strings.HasPrefix(asked, "GET ") || strings.Contains(asked, "secrets") {
			t.Error(asked)
		}
	}
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	for _, test := range []struct {
		path   string
		status int
		code   gate.Code
		says   string
	}{
		{"/apis/apps/v1/deployments", 403, gate.CodeUnauthorized, "list deployments.apps: apply the ClusterRole"},
		{"/api/v1/pods", 401, gate.CodeUnauthorized, "list pods"},
		{"/apis/apps/v1/deployments", 404, gate.CodeUnavailable, "does not serve deployments.apps"},
		{"/api/v1/pods", 500, gate.CodeUnavailable, "did not answer"},
		{"/apis/node.k8s.io/v1/runtimeclasses", 404, "", ""},
	} {
		s := start(t)
		s.status[test.path] = test.status
		_, err := List(t.Context(), &rest.Config{Host: s.URL}, "")
		if test.code == "" {
			if err != nil {
				t.Errorf("%s %d: %v", test.path, test.status, err)
			}
			continue
		}
		if err == nil || gate.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s %d: %v", test.path, test.status, err)
		}
	}
}

func TestAKubeconfigThatIsNotThereIsSaid(t *testing.T) {
	if _, err := Config("no-such-file"); gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), "--kubeconfig") {
		t.Error(err)
	}
}
