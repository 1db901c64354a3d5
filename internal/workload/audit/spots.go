package audit

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

func hostNamespaces(t manifest.Template, _ violation) []spot {
	var all []spot
	for _, s := range []struct {
		field string
		on    bool
	}{{"hostNetwork", t.Spec.HostNetwork}, {"hostPID", t.Spec.HostPID}, {"hostIPC", t.Spec.HostIPC}} {
		if s.on {
			all = append(all, spot{s.field, s.field + ": true"})
		}
	}
	return all
}

func hostPaths(t manifest.Template, _ violation) []spot {
	var all []spot
	for i, v := range t.Spec.Volumes {
		if v.HostPath != nil {
			all = append(all, spot{fmt.Sprintf("volumes[%d].hostPath", i), fmt.Sprintf("%.100q mounts %.200q of the node", v.Name, v.HostPath.Path)})
		}
	}
	return all
}

func hostPorts(_ manifest.Template, v violation) []spot {
	var all []spot
	if v.Container == nil {
		return nil
	}
	for i, p := range v.Container.Spec.Ports {
		if p.HostPort != 0 {
			all = append(all, spot{fmt.Sprintf("ports[%d].hostPort", i), fmt.Sprintf("%d", p.HostPort)})
		}
	}
	return all
}

func hostProbes(_ manifest.Template, v violation) []spot {
	var all []spot
	if v.Container == nil {
		return nil
	}
	c := v.Container.Spec
	add := func(field string, get *corev1.HTTPGetAction, socket *corev1.TCPSocketAction) {
		if get != nil && get.Host != "" {
			all = append(all, spot{field + ".httpGet.host", fmt.Sprintf("%.200q", get.Host)})
		}
		if socket != nil && socket.Host != "" {
			all = append(all, spot{field + ".tcpSocket.host", fmt.Sprintf("%.200q", socket.Host)})
		}
	}
	for field, probe := range map[string]*corev1.Probe{"livenessProbe": c.LivenessProbe, "readinessProbe": c.ReadinessProbe, "startupProbe": c.StartupProbe} {
		if probe != nil {
			add(field, probe.HTTPGet, probe.TCPSocket)
		}
	}
	if c.Lifecycle != nil {
		for field, hook := range map[string]*corev1.LifecycleHandler{"lifecycle.postStart": c.Lifecycle.PostStart, "lifecycle.preStop": c.Lifecycle.PreStop} {
			if hook != nil {
				add(field, hook.HTTPGet, hook.TCPSocket)
			}
		}
	}
	slices.SortFunc(all, func(a, b spot) int { return cmp.Compare(a.field, b.field) })
	return all
}
