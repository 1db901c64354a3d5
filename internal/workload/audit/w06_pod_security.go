package audit

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/policy"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// podSecurity is a check of Kubernetes' own (k8s.io/pod-security-admission)
// that stands on its own here, so that it can be waived and counted.
type podSecurity struct {
	id, name string
	severity gate.Severity
	// standards are the ids of Kubernetes' checks; a later one is made only
	// where the ones before find nothing, as it says the same.
	standards []policy.CheckID
	// field is where the mend belongs, below the container or the pod's spec.
	field string
	// spots, if there are, say more exactly where in the pod it stands.
	spots func(manifest.Template, violation) []spot
	// mend, if there is one, gives the value that is certain to be right.
	mend func(violation) any
	doc  Doc
}

// spot is a field at fault, below the container or the pod's spec, and what
// stands there.
type spot struct{ field, what string }

func (p podSecurity) check() *Check {
	p.doc.Controls = append(p.doc.Controls, "Kubernetes Pod Security Standards")
	return &Check{ID: p.id, Name: p.name, Severity: p.severity, Doc: p.doc, Decide: func(in Input) []Finding {
		var all []Finding
		for t := range in.Templates() {
			for _, standard := range p.standards {
				found := violations(standard, podSecurityVersion(in.Options), t)
				for _, v := range found {
					all = append(all, p.findings(t, v)...)
				}
				if len(found) > 0 {
					break
				}
			}
		}
		return all
	}}
}

func (p podSecurity) findings(t manifest.Template, v violation) []Finding {
	f := v.finding(t, p.field, p.doc.Fix)
	if p.mend != nil {
		if value := p.mend(v); value != nil {
			f.Patch = set(t.Object, f.Field, value)
		}
	}
	if p.spots == nil {
		return []Finding{f}
	}
	var all []Finding
	for _, s := range p.spots(t, v) {
		at := v.finding(t, s.field, p.doc.Fix)
		at.Message = v.Reason + ": " + s.what
		all = append(all, at)
	}
	if len(all) == 0 {
		return []Finding{f}
	}
	return all
}

func always(value any) func(violation) any { return func(violation) any { return value } }

// DropAll, and those below, are W-06 to W-17.
var (
	DropAll = podSecurity{
		id: "W-06", name: "drop-all", severity: gate.SeverityHigh,
		standards: []policy.CheckID{"capabilities_restricted"}, field: "securityContext.capabilities",
		mend: onlyDrop,
		doc: Doc{
			What:     "Whether every container drops all capabilities and adds none but NET_BIND_SERVICE.",
			Why:      "The capabilities that runtimes give by default reach from raw sockets (NET_RAW) to overriding file permissions (DAC_OVERRIDE).",
			Example:  "No `capabilities`, `drop: [NET_RAW]`, or `add: [SYS_ADMIN]` fail; `drop: [ALL]` does not, and neither does adding NET_BIND_SERVICE.",
			Fix:      "set capabilities: {drop: [ALL]}, and add nothing but NET_BIND_SERVICE",
			Controls: []string{"CIS Kubernetes 5.2.10"},
		},
	}.check()
	NoPrivilegeEscalation = podSecurity{
		id: "W-07", name: "no-priv-esc", severity: gate.SeverityHigh,
		standards: []policy.CheckID{"allowPrivilegeEscalation"}, field: "securityContext.allowPrivilegeEscalation",
		mend: always(false),
		doc: Doc{
			What:     "Whether every container sets allowPrivilegeEscalation: false.",
			Why:      "Without it setuid programs and file capabilities give a process more rights than it was started with.",
			Example:  "Leaving it out fails, as its default is true; `allowPrivilegeEscalation: false` does not.",
			Fix:      "set allowPrivilegeEscalation: false",
			Controls: []string{"CIS Kubernetes 5.2.6"},
		},
	}.check()
	Privileged = podSecurity{
		id: "W-08", name: "privileged", severity: gate.SeverityCritical,
		standards: []policy.CheckID{"privileged"}, field: "securityContext.privileged",
		doc: Doc{
			What:     "Whether a container is privileged, ephemeral ones included.",
			Why:      "A privileged container sees every device of its node: it is the node.",
			Example:  "`privileged: true` fails.",
			Fix:      "remove privileged, and add the one capability that is needed, or use the tool's unprivileged driver (for Falco: modern eBPF with its listed capabilities)",
			Controls: []string{"CIS Kubernetes 5.2.2"},
		},
	}.check()
	Seccomp = podSecurity{
		id: "W-09", name: "seccomp", severity: gate.SeverityHigh,
		standards: []policy.CheckID{"seccompProfile_baseline"}, field: "securityContext.seccompProfile",
		mend: always(map[string]any{"type": "RuntimeDefault"}),
		doc: Doc{
			What:     "Whether a seccomp profile is switched off (Unconfined). That one is set at all is W-18.",
			Why:      "Unconfined opens some 40 system calls that containers do not need and exploits do.",
			Example:  "`seccompProfile: {type: Unconfined}` fails; RuntimeDefault and Localhost do not.",
			Fix:      "set seccompProfile: {type: RuntimeDefault}",
			Controls: []string{"CIS Kubernetes 5.7.2"},
		},
	}.check()
	AppArmor = podSecurity{
		id: "W-10", name: "apparmor", severity: gate.SeverityMedium,
		standards: []policy.CheckID{"appArmorProfile"}, field: "securityContext.appArmorProfile",
		doc: Doc{
			What:    "Whether an AppArmor profile is switched off, by field or by the annotation of old.",
			Why:     "Unconfined takes away what the runtime's profile forbids: mounting, writing to /proc/sys, tracing others.",
			Example: "`appArmorProfile: {type: Unconfined}` fails; RuntimeDefault, Localhost and leaving it out do not.",
			Fix:     "set appArmorProfile: {type: RuntimeDefault} and remove the annotation",
		},
	}.check()
	SELinux = podSecurity{
		id: "W-11", name: "selinux", severity: gate.SeverityMedium,
		standards: []policy.CheckID{"seLinuxOptions"}, field: "securityContext.seLinuxOptions",
		doc: Doc{
			What:    "Whether SELinux user, role or an unusual type are chosen.",
			Why:     "A type such as spc_t is unconfined.",
			Example: "`seLinuxOptions: {type: spc_t}` or a `user:` fail; container_t, container_init_t, container_kvm_t and container_engine_t do not.",
			Fix:     "remove user and role, and use container_t",
		},
	}.check()
	HostNamespaces = podSecurity{
		id: "W-12", name: "hostns", severity: gate.SeverityHigh,
		standards: []policy.CheckID{"hostNamespaces"}, field: "hostNetwork",
		spots: hostNamespaces,
		doc: Doc{
			What:     "Whether the pod shares the node's network, process or IPC namespace.",
			Why:      "hostNetwork passes by every network policy, hostPID shows and signals every process of the node, hostIPC reads their shared memory.",
			Example:  "`hostNetwork: true`, `hostPID: true` and `hostIPC: true` fail.",
			Fix:      "remove hostNetwork, hostPID and hostIPC",
			Controls: []string{"CIS Kubernetes 5.2.3", "CIS Kubernetes 5.2.4", "CIS Kubernetes 5.2.5"},
		},
	}.check()
	HostPath = podSecurity{
		id: "W-13", name: "hostpath", severity: gate.SeverityHigh,
		standards: []policy.CheckID{"hostPathVolumes"}, field: "volumes",
		spots: hostPaths,
		doc: Doc{
			What:     "Whether the pod mounts a directory of its node.",
			Why:      "Whoever can write there owns the node; whoever can read there reads other pods' secrets.",
			Example:  "`hostPath: {path: /proc}` fails, read-only too; emptyDir and persistentVolumeClaim do not.",
			Fix:      "use a persistentVolumeClaim, emptyDir or projected volume",
			Controls: []string{"CIS Kubernetes 5.2.12"},
		},
	}.check()
	HostPorts = podSecurity{
		id: "W-14", name: "hostports", severity: gate.SeverityMedium,
		standards: []policy.CheckID{"hostPorts"}, field: "ports",
		spots: hostPorts,
		doc: Doc{
			What:     "Whether a container takes a port of its node.",
			Why:      "A port of the node is reachable past Services and most network policies, and two pods cannot share it.",
			Example:  "`hostPort: 8080` fails; `containerPort: 8080` does not.",
			Fix:      "remove hostPort and use a Service",
			Controls: []string{"CIS Kubernetes 5.2.13"},
		},
	}.check()
	ProcMount = podSecurity{
		id: "W-15", name: "procmount", severity: gate.SeverityMedium,
		standards: []policy.CheckID{"procMount_restricted", "procMount"}, field: "securityContext.procMount",
		mend: always("Default"),
		doc: Doc{
			What:    "Whether /proc is unmasked.",
			Why:     "The parts of /proc that runtimes hide hold the kernel's keys, timers and switches.",
			Example: "`procMount: Unmasked` fails; Default does not.",
			Fix:     "remove procMount",
		},
	}.check()
	Sysctls = podSecurity{
		id: "W-16", name: "sysctls", severity: gate.SeverityMedium,
		standards: []policy.CheckID{"sysctls"}, field: "securityContext.sysctls",
		doc: Doc{
			What:    "Whether the pod sets kernel parameters that are not safe.",
			Why:     "Unsafe ones are not confined to the pod: they change or starve the node.",
			Example: "`kernel.msgmax` fails; net.ipv4.ip_local_port_range and the others on the standards' list do not.",
			Fix:     "remove the sysctl, or set it on nodes made for this workload",
		},
	}.check()
	HostProbes = podSecurity{
		id: "W-17", name: "host-probes", severity: gate.SeverityMedium,
		standards: []policy.CheckID{"hostProbesAndHostLifecycle"}, field: "livenessProbe",
		spots: hostProbes,
		doc: Doc{
			What:    "Whether a probe or lifecycle hook calls another host than the pod.",
			Why:     "The kubelet makes the call, from the node's network: a pod's author can reach what pods cannot.",
			Example: "`httpGet: {host: 169.254.169.254}` in a probe fails; leaving host out does not. Kubernetes' standard has it since 1.34.",
			Fix:     "remove host from probes and hooks",
		},
	}.check()
)

// onlyDrop mends what no list of added capabilities contradicts.
func onlyDrop(v violation) any {
	if v.Container == nil {
		return nil
	}
	capabilities := v.Container.own().Capabilities
	if capabilities == nil || len(capabilities.Add) == 0 {
		return map[string]any{"drop": []any{"ALL"}}
	}
	if slices.Equal(capabilities.Add, []corev1.Capability{"NET_BIND_SERVICE"}) {
		return map[string]any{"drop": []any{"ALL"}, "add": []any{"NET_BIND_SERVICE"}}
	}
	return nil
}
