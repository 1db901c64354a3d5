package cluster

import (
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/imagegate/imagegate/internal/gate"
)

// Config finds the cluster as kubectl does: the named kubeconfig, else
// KUBECONFIG, else ~/.kube/config, else the account of the pod we run in. The
// error is CodeInvalid.
func Config(kubeconfig string) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "there is no usable kubeconfig: name one with --kubeconfig or KUBECONFIG", err)
	}
	return config, nil
}
