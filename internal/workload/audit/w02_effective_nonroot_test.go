package audit

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// imageWith is a gate that knows one image, i, by its user.
func imageWith(user gate.User) Options {
	return Options{Images: func(reference string) (ImageFacts, bool) {
		return ImageFacts{User: &user, Decision: gate.Pass, Digest: digest}, reference == "i"
	}}
}

const digest = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

func uid(n int) *int { return &n }

func TestEffectiveNonRoot(t *testing.T) {
	field := []string{"spec.containers[0].securityContext.runAsNonRoot"}
	test(t, EffectiveNonRoot, []scenario{
		{name: "nothing said is root", objects: one("image: i"), want: field, says: "unless the image says otherwise"},
		{name: "runAsNonRoot of the pod holds for its containers", objects: podOf("securityContext: {runAsNonRoot: true}, containers: [{name: c, image: i}]")},
		{name: "a container can take the pod's runAsNonRoot back", objects: podOf("securityContext: {runAsNonRoot: true}, containers: [{name: c, image: i, securityContext: {runAsNonRoot: false}}]"), want: field},
		{name: "a user above 0 is not root", objects: one("image: i, securityContext: {runAsUser: 1000}")},
		{name: "user 0 is root", objects: one("image: i, securityContext: {runAsUser: 0}"), want: []string{"spec.containers[0].securityContext.runAsUser"}, says: "runs as root"},
		{name: "the pod's user 0 is its containers'", objects: podOf("securityContext: {runAsUser: 0}, containers: [{name: c, image: i}]"), want: []string{"spec.securityContext.runAsUser"}, says: "runs as root"},
		{name: "a container overrides the pod's user 0", objects: podOf("securityContext: {runAsUser: 0}, containers: [{name: c, image: i, securityContext: {runAsUser: 1}}]")},
		{name: "user 0 with runAsNonRoot does not start", objects: one("image: i, securityContext: {runAsUser: 0, runAsNonRoot: true}"), want: []string{"spec.containers[0].securityContext.runAsUser"}, says: "will not start"},
		{name: "a user namespace does not excuse user 0", objects: podOf("hostUsers: false, containers: [{name: c, image: i, securityContext: {runAsUser: 0}}]"), want: []string{"spec.containers[0].securityContext.runAsUser"}},
		{name: "an init container counts", objects: podOf("initContainers: [{name: i, image: i}], containers: [{name: c, image: i, securityContext: {runAsUser: 1}}]"), want: []string{"spec.initContainers[0].securityContext.runAsNonRoot"}},
		{name: "an ephemeral container counts", objects: podOf("ephemeralContainers: [{name: e, image: i}], containers: [{name: c, image: i, securityContext: {runAsUser: 1}}]"), want: []string{"spec.ephemeralContainers[0].securityContext.runAsNonRoot"}},
		{name: "an image whose user is root", objects: one("image: i"), options: imageWith(gate.User{UID: uid(0)}), want: field, says: "the image's USER"},
		{name: "an image whose user is root, where that is forbidden", objects: one("image: i, securityContext: {runAsNonRoot: true}"), options: imageWith(gate.User{UID: uid(0)}), want: field, says: "will not start"},
		{name: "an image whose user is a number above 0", objects: one("image: i"), options: imageWith(gate.User{Configured: "65532", UID: uid(65532)})},
		{name: "runAsUser wins over the image's root", objects: one("image: i, securityContext: {runAsUser: 1}"), options: imageWith(gate.User{UID: uid(0)})},
		{name: "an image the gate does not know", objects: one("image: j"), options: imageWith(gate.User{UID: uid(0)}), want: field, says: "unless the image says otherwise"},
		{name: "Windows has no uid 0", objects: podOf("os: {name: windows}, containers: [{name: c, image: i}]")},
	})
}
