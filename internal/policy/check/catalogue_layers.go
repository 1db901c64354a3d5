package check

// The families that layers and scan answer.

func fsChecks() []*Check {
	return []*Check{
		SetuidSetgid, FileCapabilities, WorldWritable, SelfModifiableApp, SpecialFiles, UnsafeArchive, UID0Duplicates, Passwords,
		SudoSuPresent, SSHServer, PersistenceHooks, LoginShells, ControlTools, EntrypointValid, TrustStore,
	}
}

func minChecks() []*Check {
	return []*Check{
		Shell, PackageManager, NetDebugTools, Toolchain, PackageCaches, StrayFiles, WastedBytes, PackageBudget,
		RuntimeInstallers, PrivilegedDaemons,
	}
}

func credChecks() []*Check {
	return []*Check{SecretPatterns, PrivateKeys, CredentialFiles, DeletedSecret, HistoriesDumps, VCSRemoteCreds}
}

func scanChecks() []*Check {
	return []*Check{
		Coverage, MetadataRemoved, InImageSBOM, UnownedExecutables, ScannerHealth, DatabaseAge, KEVHighProfile, Licences,
	}
}
