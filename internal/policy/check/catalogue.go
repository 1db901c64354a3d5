package check

import "slices"

// All is the catalogue, in the order of its ids' families. The list is new at
// each call; the checks are shared and never change.
func All() []*Check {
	return []*Check{
		NotAnImage, AllPlatforms, MutableReference, ForeignLayers, OpaqueLayers, CountMismatch,
		DigestVerify, HistoryShape, SizeBudget, ImageAge, PlatformAllowed,
		BaseIdentified, BaseAllowed, DevVariant, MinimalClass, DistroEOL,
		RootImplicit, RootExplicit, NonNumericUser, UnresolvableUser, UID0Alias, GIDZero,
		DangerousPorts, SensitiveVolume, WorkdirProc, NoCommand,
		SecretName, SecretValue,
		SetuidSetgid, FileCapabilities, WorldWritable, SpecialFiles, UnsafeArchive,
		Shell, PackageManager, WastedBytes,
		SecretPatterns, DeletedSecret,
		Coverage, MetadataRemoved, ScannerHealth, DatabaseAge,
	}
}

// ByID is the check with that id; nil when the catalogue has none.
func ByID(id string) *Check {
	all := All()
	if i := slices.IndexFunc(all, func(c *Check) bool { return c.ID == id }); i >= 0 {
		return all[i]
	}
	return nil
}
