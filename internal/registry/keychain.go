package registry

import (
	"os"

	"github.com/google/go-containerregistry/pkg/authn"
)

// The variables that give credentials of one registry.
const (
	envRegistry = "IMAGEGATE_REGISTRY"
	envUsername = "IMAGEGATE_REGISTRY_USERNAME"
	envPassword = "IMAGEGATE_REGISTRY_PASSWORD"
)

// DefaultKeychain looks into the environment (credentials of the one host in
// IMAGEGATE_REGISTRY), then the Docker configuration, which is also how a
// cluster's pull secrets are mounted (DOCKER_CONFIG names their directory).
func DefaultKeychain() authn.Keychain {
	return authn.NewMultiKeychain(environment{os.Getenv(envRegistry), os.Getenv(envUsername), os.Getenv(envPassword)}, authn.DefaultKeychain)
}

// environment holds credentials of exactly one host.
type environment struct{ host, username, password string }

func (e environment) Resolve(r authn.Resource) (authn.Authenticator, error) {
	if e.host == "" || e.username == "" || r.RegistryStr() != e.host {
		return authn.Anonymous, nil
	}
	return &authn.Basic{Username: e.username, Password: e.password}, nil
}
