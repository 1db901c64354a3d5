package audit

import "testing"

func TestPodSecurity(t *testing.T) {
	context := func(s string) string { return one("image: i, securityContext: {" + s + "}") }
	for _, group := range []struct {
		check     *Check
		scenarios []scenario
	}{
		{DropAll, []scenario{
			{name: "dropping all passes", objects: context("capabilities: {drop: [ALL]}")},
			{name: "NET_BIND_SERVICE may be added", objects: context("capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}")},
			{name: "leaving it out fails", objects: one("image: i"), want: []string{"spec.containers[0].securityContext.capabilities"}, says: "capabilities"},
			{name: "dropping some fails", objects: context("capabilities: {drop: [NET_RAW]}"), want: []string{"spec.containers[0].securityContext.capabilities"}},
			{name: "adding others fails", objects: context("capabilities: {drop: [ALL], add: [SYS_ADMIN]}"), want: []string{"spec.containers[0].securityContext.capabilities"}, says: "SYS_ADMIN"},
		}},
		{NoPrivilegeEscalation, []scenario{
			{name: "false passes", objects: context("allowPrivilegeEscalation: false")},
			{name: "leaving it out fails", objects: one("image: i"), want: []string{"spec.containers[0].securityContext.allowPrivilegeEscalation"}},
			{name: "only the container at fault is named", objects: podOf("containers: [{name: a, image: i, securityContext: {allowPrivilegeEscalation: false}}, {name: b, image: i}]"), want: []string{"spec.containers[1].securityContext.allowPrivilegeEscalation"}},
		}},
		{Privileged, []scenario{
			{name: "leaving it out passes", objects: one("image: i")},
			{name: "privileged fails", objects: context("privileged: true"), want: []string{"spec.containers[0].securityContext.privileged"}, says: "privileged"},
			{name: "a privileged ephemeral container fails", objects: podOf("containers: [{name: c, image: i}], ephemeralContainers: [{name: e, image: i, securityContext: {privileged: true}}]"), want: []string{"spec.ephemeralContainers[0].securityContext.privileged"}},
		}},
		{Seccomp, []scenario{
			{name: "leaving it out is W-18's affair", objects: one("image: i")},
			{name: "RuntimeDefault passes", objects: context("seccompProfile: {type: RuntimeDefault}")},
			{name: "Unconfined fails", objects: context("seccompProfile: {type: Unconfined}"), want: []string{"spec.containers[0].securityContext.seccompProfile"}, says: "Unconfined"},
			{name: "Unconfined for the pod fails once", objects: podOf("securityContext: {seccompProfile: {type: Unconfined}}, containers: [{name: a, image: i}, {name: b, image: i}]"), want: []string{"spec.securityContext.seccompProfile"}},
		}},
		{AppArmor, []scenario{
			{name: "leaving it out passes", objects: one("image: i")},
			{name: "Unconfined fails", objects: context("appArmorProfile: {type: Unconfined}"), want: []string{"spec.containers[0].securityContext.appArmorProfile"}},
			{name: "the annotation of old fails", objects: "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {container.apparmor.security.beta.kubernetes.io/c: unconfined}}, spec: {containers: [{name: c, image: i}]}}", want: []string{"spec.securityContext.appArmorProfile"}},
		}},
		{SELinux, []scenario{
			{name: "the usual type passes", objects: context("seLinuxOptions: {type: container_t}")},
			{name: "another type fails", objects: context("seLinuxOptions: {type: spc_t}"), want: []string{"spec.containers[0].securityContext.seLinuxOptions"}, says: "spc_t"},
		}},
		{HostNamespaces, []scenario{
			{name: "none passes", objects: one("image: i")},
			{name: "each is named", objects: podOf("hostNetwork: true, hostPID: true, hostIPC: true, containers: [{name: c, image: i}]"), want: []string{"spec.hostNetwork", "spec.hostPID", "spec.hostIPC"}, says: "hostNetwork"},
		}},
		{HostPath, []scenario{
			{name: "other volumes pass", objects: podOf("containers: [{name: c, image: i}], volumes: [{name: a, nfs: {server: x, path: /}}]")},
			{name: "each is named, read-only or not", objects: podOf("containers: [{name: c, image: i, volumeMounts: [{name: b, mountPath: /x, readOnly: true}]}], volumes: [{name: a, emptyDir: {}}, {name: b, hostPath: {path: /proc}}]"), want: []string{"spec.volumes[1].hostPath"}, says: "/proc"},
		}},
		{HostPorts, []scenario{
			{name: "container ports pass", objects: one("image: i, ports: [{containerPort: 80}]")},
			{name: "host ports fail", objects: one("image: i, ports: [{containerPort: 80}, {containerPort: 81, hostPort: 81}]"), want: []string{"spec.containers[0].ports[1].hostPort"}, says: "81"},
		}},
		{ProcMount, []scenario{
			{name: "Default passes", objects: context("procMount: Default")},
			{name: "Unmasked fails once", objects: context("procMount: Unmasked"), want: []string{"spec.containers[0].securityContext.procMount"}, says: "procMount"},
		}},
		{Sysctls, []scenario{
			{name: "safe ones pass", objects: podOf("securityContext: {sysctls: [{name: net.ipv4.ip_local_port_range, value: '1 2'}]}, containers: [{name: c, image: i}]")},
			{name: "unsafe ones fail", objects: podOf("securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]}, containers: [{name: c, image: i}]"), want: []string{"spec.securityContext.sysctls"}, says: "kernel.msgmax"},
		}},
		{HostProbes, []scenario{
			{name: "no host passes", objects: one("image: i, livenessProbe: {httpGet: {port: 80}}")},
			{name: "a host in a probe fails", objects: one("image: i, livenessProbe: {httpGet: {port: 80, host: 169.254.169.254}}"), want: []string{"spec.containers[0].livenessProbe.httpGet.host"}, says: "169.254.169.254"},
			{name: "a host in a hook fails", objects: one("image: i, lifecycle: {preStop: {tcpSocket: {port: 80, host: x}}}"), want: []string{"spec.containers[0].lifecycle.preStop.tcpSocket.host"}},
			{name: "the standard is younger than a version before", objects: one("image: i, livenessProbe: {httpGet: {port: 80, host: x}}"), options: Options{PodSecurityVersion: "v1.33"}},
		}},
	} {
		t.Run(group.check.Name, func(t *testing.T) { test(t, group.check, group.scenarios) })
	}
}
