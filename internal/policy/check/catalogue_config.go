package check

// The families that config and manifest answer.

func metaChecks() []*Check {
	return []*Check{
		NotAnImage, AllPlatforms, MutableReference, ForeignLayers, OpaqueLayers, CountMismatch,
		DigestVerify, HistoryShape, SizeBudget, ImageAge, PlatformAllowed,
	}
}

func userChecks() []*Check {
	return []*Check{RootImplicit, RootExplicit, NonNumericUser, UnresolvableUser, UID0Alias, GIDZero}
}

func confChecks() []*Check {
	return []*Check{DangerousPorts, SensitiveVolume, WorkdirProc, NoCommand}
}

func envChecks() []*Check { return []*Check{SecretName, SecretValue} }

func histChecks() []*Check { return nil }
