package cluster

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// pageSize is how many objects one request asks for: the API server keeps a
// page in memory, and so do we.
const pageSize = 500

// maxObjects bounds what is kept of one cluster.
const maxObjects = 200_000

// Contents is what a cluster holds.
type Contents struct {
	// Objects are to be judged. What a listed workload owns (the pods of a
	// Deployment) is left out, as its owner says the same once.
	Objects []*manifest.Object
	// Context explains them: with one namespace named, what lies outside it.
	Context []*manifest.Object
}

// List reads a cluster, or one namespace of it. Errors are CodeUnavailable
// when it does not answer and CodeUnauthorized when it refuses; both say what
// to do.
func List(ctx context.Context, config *rest.Config, namespace string) (Contents, error) {
	config = rest.CopyConfig(config)
	config.UserAgent = "imagegate"
	// The defaults (5 requests a second) are made for controllers.
	config.QPS, config.Burst = 50, 100
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return Contents{}, gate.NewError(gate.CodeInvalid, "the kubeconfig cannot be used", err)
	}
	names, err := metadata.NewForConfig(config)
	if err != nil {
		return Contents{}, gate.NewError(gate.CodeInvalid, "the kubeconfig cannot be used", err)
	}
	l := lister{objects: objects, names: names, host: config.Host, namespace: namespace}
	for _, k := range kinds {
		if err := l.list(ctx, k); err != nil {
			return Contents{}, err
		}
	}
	return l.found, nil
}

type lister struct {
	objects   dynamic.Interface
	names     metadata.Interface
	host      string
	namespace string
	found     Contents
	count     int
}

// list reads every page of a kind.
func (l *lister) list(ctx context.Context, k kind) error {
	options := metav1.ListOptions{Limit: pageSize}
	var items []unstructured.Unstructured
	for {
		page, next, err := l.page(ctx, k, options)
		if apierrors.IsResourceExpired(err) && options.Limit > 0 {
			// Listing took longer than the server keeps its history: begin
			// again, and take all at once.
			options, items = metav1.ListOptions{}, nil
			continue
		}
		if apierrors.IsNotFound(err) && k.optional {
			return nil
		}
		if err != nil {
			return l.explain(err, k)
		}
		items = append(items, page...)
		if l.count+len(items) > maxObjects {
			return gate.NewError(gate.CodeLimit, fmt.Sprintf("the cluster %s holds more than %d objects: audit it by --namespace", l.host, maxObjects), nil)
		}
		if next == "" {
			break
		}
		options.Continue = next
	}
	l.count += len(items)
	for i := range items {
		l.keep(&items[i], k)
	}
	return nil
}

func (l *lister) page(ctx context.Context, k kind, options metav1.ListOptions) ([]unstructured.Unstructured, string, error) {
	namespace := ""
	if k.namespaced {
		namespace = l.namespace
	}
	if k.named {
		return l.namesOf(ctx, k, namespace, options)
	}
	list, err := l.objects.Resource(k.GroupVersionResource).Namespace(namespace).List(ctx, options)
	if err != nil {
		return nil, "", err
	}
	return list.Items, list.GetContinue(), nil
}

// namesOf lists without content: the server sends metadata alone.
func (l *lister) namesOf(ctx context.Context, k kind, namespace string, options metav1.ListOptions) ([]unstructured.Unstructured, string, error) {
	list, err := l.names.Resource(k.GroupVersionResource).Namespace(namespace).List(ctx, options)
	if err != nil {
		return nil, "", err
	}
	var items []unstructured.Unstructured
	for i := range list.Items {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&list.Items[i])
		if err != nil {
			return nil, "", err
		}
		u := unstructured.Unstructured{Object: content}
		u.SetGroupVersionKind(schema.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: "ConfigMap"})
		items = append(items, u)
	}
	return items, list.Continue, nil
}

func (l *lister) keep(u *unstructured.Unstructured, k kind) {
	u.SetManagedFields(nil)
	unstructured.RemoveNestedField(u.Object, "status")
	o := manifest.FromCluster(u)
	switch {
	case owned(u):
	case l.namespace == "" || k.namespaced || u.GetKind() == "Namespace" && u.GetName() == l.namespace:
		l.found.Objects = append(l.found.Objects, o)
	default:
		l.found.Context = append(l.found.Context, o)
	}
}

// owned reports whether a listed kind controls the object. What an unlisted
// kind controls (a Rollout, a TaskRun) is judged itself.
func owned(u *unstructured.Unstructured) bool {
	controller := metav1.GetControllerOf(u)
	if controller == nil {
		return false
	}
	group, _, _ := strings.Cut(controller.APIVersion, "/")
	if !strings.Contains(controller.APIVersion, "/") {
		group = ""
	}
	return owners[group+"/"+controller.Kind]
}

func (l *lister) explain(err error, k kind) error {
	what := k.Resource
	if k.Group != "" {
		what += "." + k.Group
	}
	switch {
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return gate.NewError(gate.CodeUnauthorized, fmt.Sprintf("the cluster %s does not let us list %s: apply the ClusterRole of docs/how-to/audit.md and bind it to this account", l.host, what), err)
	case apierrors.IsNotFound(err):
		return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the cluster %s does not serve %s: is it a Kubernetes API server of 1.25 or newer?", l.host, what), err)
	}
	return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the cluster %s did not answer when asked for %s: see that kubectl reaches it", l.host, what), err)
}
