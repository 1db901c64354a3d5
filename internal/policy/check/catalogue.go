package check

import "slices"

// All is the catalogue, in the order of its ids' families. The list is new at
// each call; the checks are shared and never change.
func All() []*Check {
	return slices.Concat(
		metaChecks(), baseChecks(), userChecks(),
		confChecks(), envChecks(), histChecks(),
		fsChecks(), minChecks(), credChecks(), scanChecks(), supChecks(),
	)
}

// ByID is the check with that id; nil when the catalogue has none.
func ByID(id string) *Check {
	all := All()
	if i := slices.IndexFunc(all, func(c *Check) bool { return c.ID == id }); i >= 0 {
		return all[i]
	}
	return nil
}

func baseChecks() []*Check {
	return []*Check{BaseIdentified, BaseAllowed, FalseBaseClaim, OutdatedBase, UnpinnedBase, DevVariant, MinimalClass, BaseSigned, LineageDestroyed, DistroEOL}
}

func supChecks() []*Check {
	return []*Check{SBOMAttached, ProvenanceAttached, SubjectMatches, RegistryAllowed, AlreadySigned}
}
