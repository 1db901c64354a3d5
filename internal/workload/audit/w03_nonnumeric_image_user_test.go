package audit

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestNonNumericImageUser(t *testing.T) {
	demanded := one("image: i, securityContext: {runAsNonRoot: true}")
	field := []string{"spec.containers[0].securityContext.runAsUser"}
	test(t, NonNumericImageUser, []scenario{
		{name: "a name cannot be verified", objects: demanded, options: imageWith(gate.User{Configured: "nonroot:nonroot", UID: uid(65532)}), want: field, says: "will not start"},
		{name: "a name whose number is not known has no patch, and is said", objects: demanded, options: imageWith(gate.User{Configured: "app"}), want: field},
		{name: "a number can be verified", objects: demanded, options: imageWith(gate.User{Configured: "65532:65532", UID: uid(65532)})},
		{name: "no user is W-02's affair", objects: demanded, options: imageWith(gate.User{UID: uid(0)})},
		{name: "runAsUser settles it", objects: one("image: i, securityContext: {runAsNonRoot: true, runAsUser: 1}"), options: imageWith(gate.User{Configured: "app"})},
		{name: "where non-root is not demanded the kubelet does not look", objects: one("image: i"), options: imageWith(gate.User{Configured: "app"})},
		{name: "nothing is said of images that are not known", objects: demanded},
	})
}
