package check

// The families that config and manifest answer.

func metaChecks() []*Check {
	return []*Check{
		NotAnImage, AllPlatforms, MutableReference, ForeignLayers, OpaqueLayers, CountMismatch,
		DigestVerify, HistoryShape, SizeBudget, ImageAge, PlatformAllowed, RequiredLabels,
	}
}

func userChecks() []*Check {
	return []*Check{RootImplicit, RootExplicit, NonNumericUser, UnresolvableUser, UID0Alias, GIDZero, LowUID, UIDRange, PrivilegedGroups}
}

func confChecks() []*Check {
	return []*Check{
		DangerousPorts, PrivilegedPorts, PortSyntax, SensitiveVolume, AnyVolume, WorkdirProc, WorkdirRelative,
		NoCommand, ShellForm, RootHelperEntry, Healthcheck, OnBuild, SecretInArgs, RemoteDebug,
	}
}

func envChecks() []*Check {
	return []*Check{SecretName, SecretValue, LoaderHijack, TLSOff, UnsafePath, DebugMode}
}

func histChecks() []*Check {
	return []*Check{
		BuildArgSecret, SecretAnywhere, PipeToShell, UnverifiedPackages, RemoteAdd, UpdateAlone,
		SudoBuild, DistUpgrade, UnpinnedPackages, UserMismatch, ScannerDirectives, PermissiveChmod,
	}
}
