package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestRegistryAllowed(t *testing.T) {
	from := func(image string, allowed ...string) func(*Input) {
		return func(in *Input) {
			ref, err := gate.ParseReference(image)
			if err != nil {
				panic(err)
			}
			in.Evidence.Reference, in.Options.AllowedRegistries = ref, allowed
		}
	}
	test(t, RegistryAllowed, []scenario{
		{name: "no registries are named", want: NotApplicable},
		{name: "a registry", change: from("registry.example/a/b/c:1", "registry.example"), want: Pass},
		{name: "a repository below", change: from("registry.example/team/app:1", "registry.example/team"), want: Pass},
		{name: "a name that begins alike", change: from("registry.example/team-b/app:1", "registry.example/team"), want: Fail, severity: gate.SeverityHigh},
		{name: "a host that begins alike", change: from("registry.example.evil.test/team/app:1", "registry.example/team"), want: Fail},
		{name: "a short name is Docker Hub's", change: from("nginx", "docker.io/library/*"), want: Pass},
		{name: "a port is part of the host", change: from("registry.example:5000/app:1", "registry.example"), want: Fail},
		{name: "a local file", change: from("oci-archive:app.tar", "registry.example"), want: NotApplicable},
	})
}
