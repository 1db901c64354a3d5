package admission

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/imagegate/imagegate/internal/gate"
)

// Cluster knows the namespaces of the cluster it watches.
type Cluster struct {
	client kubernetes.Interface
	lister corelisters.NamespaceLister
	synced cache.InformerSynced
}

// resync is how often the whole list is looked at again.
const resync = 10 * time.Minute

// Connect watches the namespaces of the cluster this process runs in, or of a
// kubeconfig file's, until ctx ends. It needs get, list and watch on
// namespaces, and nothing else. CodeInvalid when there is no cluster.
func Connect(ctx context.Context, kubeconfig, agent string) (*Cluster, error) {
	config, err := rest.InClusterConfig()
	if kubeconfig != "" {
		config, err = clientcmd.BuildConfigFromFlags("", kubeconfig)
	}
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "there is no cluster to read namespaces of: name a --kubeconfig, or run in one with a service account", err)
	}
	config.UserAgent, config.Timeout = agent, 30*time.Second
	// A watch outlives the timeout of single calls.
	watching := rest.CopyConfig(config)
	watching.Timeout = 0
	watcher, err := kubernetes.NewForConfig(watching)
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "the cluster's configuration cannot be used", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "the cluster's configuration cannot be used", err)
	}
	return watch(ctx, watcher, client), nil
}

// watch keeps names and labels of namespaces, and nothing else of them.
func watch(ctx context.Context, watcher, client kubernetes.Interface) *Cluster {
	factory := informers.NewSharedInformerFactoryWithOptions(watcher, resync, informers.WithTransform(func(o any) (any, error) {
		if n, ok := o.(*corev1.Namespace); ok {
			return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels, ResourceVersion: n.ResourceVersion}}, nil
		}
		return o, nil
	}))
	namespaces := factory.Core().V1().Namespaces()
	c := &Cluster{client: client, lister: namespaces.Lister(), synced: namespaces.Informer().HasSynced}
	factory.Start(ctx.Done())
	return c
}

// Synced reports whether the list of namespaces is whole.
func (c *Cluster) Synced() bool { return c.synced() }

// Labels implements Namespaces. What the watch does not know yet, because it
// was made a moment ago, is asked for. CodeUnavailable when that fails.
func (c *Cluster) Labels(ctx context.Context, name string) (map[string]string, error) {
	if n, err := c.lister.Get(name); err == nil {
		return n.Labels, nil
	}
	n, err := c.client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, gate.NewError(gate.CodeUnavailable, "the namespace "+quoted(name)+" is not known yet: try again", err)
	case err != nil:
		return nil, gate.NewError(gate.CodeUnavailable, "the labels of namespace "+quoted(name)+" cannot be read: the gate's service account needs get, list and watch on namespaces", err)
	}
	return n.Labels, nil
}
