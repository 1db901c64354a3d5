package audit

// checksFrom30 lists the checks on networks, namespaces, accounts, secrets and
// rights.
func checksFrom30() []*Check {
	return []*Check{
		NetpolIngress, NetpolEgress, NetpolAllowAll, NetpolDangling,
		NamespacePodSecurity, NamespaceDefault,
		ServiceAccountToken,
		EnvSecret, ArgsSecret, SecretAsEnv, ConfigMapSecret, SecretManifest, ExternalSecrets,
		RBACSecrets, AdmissionEnforced, AuditPolicy, LogLeakage,
	}
}
