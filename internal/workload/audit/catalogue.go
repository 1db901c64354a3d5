package audit

import "slices"

// All lists every check, in the order of their ids.
func All() []*Check {
	return slices.Concat(checksTo29(), checksFrom30())
}

// checksTo29 lists the checks on form, pods, resources and images.
func checksTo29() []*Check {
	return []*Check{
		WellFormed,
		PSSRestricted, EffectiveNonRoot, NonNumericImageUser, ReadOnlyRootFS, RootGroup,
		DropAll, NoPrivilegeEscalation, Privileged, Seccomp, AppArmor, SELinux,
		HostNamespaces, HostPath, HostPorts, ProcMount, Sysctls, HostProbes,
		SeccompExplicit, AppArmorExplicit, RuntimeSandbox, UserNamespaces,
		Limits, Requests, QoSClass, EmptyDirSizeLimit,
		ImageDigest, ImageRegistry, ImageGated, PullPolicy,
	}
}
