package deploy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/audit"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// accepted is what our own audit finds in what ships, and why it stays.
var accepted = map[string]string{
	"W-19": "a node without AppArmor refuses pods that name a profile",
	"W-32": "registries are at addresses nobody knows beforehand; the metadata service is excepted",
}

// acceptedDev is what only the overlay for trying things out may show.
var acceptedDev = map[string]string{
	"W-44": "the dev overlay goes on without the gate",
}

// TestWhatShipsPassesOurOwnAuditAtItsStrictest counts every check, from LOW on,
// and what could not be told as well.
func TestWhatShipsPassesOurOwnAuditAtItsStrictest(t *testing.T) {
	context, err := manifest.Read("context.yaml", strings.NewReader(`
apiVersion: v1
kind: Namespace
metadata: {name: ci, labels: {imagegate.dev/client: "true", kubernetes.io/metadata.name: ci}}
---
apiVersion: v1
kind: Namespace
metadata: {name: monitoring, labels: {kubernetes.io/metadata.name: monitoring}}
---
apiVersion: v1
kind: Namespace
metadata: {name: kube-system, labels: {kubernetes.io/metadata.name: kube-system}}
---
apiVersion: v1
kind: Namespace
metadata: {name: database, labels: {kubernetes.io/metadata.name: database}}
---
apiVersion: v1
kind: Namespace
metadata: {name: cache, labels: {kubernetes.io/metadata.name: cache}}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"overlays/dev", "overlays/production", "overlays/replicas", "examples/secure-app"} {
		resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
		if err != nil {
			t.Fatal(err)
		}
		text, err := resources.AsYaml()
		if err != nil {
			t.Fatal(err)
		}
		objects, err := manifest.Read(dir, strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, f := range audit.Run(audit.Input{Objects: objects, Context: context, Options: audit.Options{
			// What ships passes the gate: scripts/image.sh's images are held to strict.
			Images: func(string) (audit.ImageFacts, bool) { return audit.ImageFacts{Decision: gate.Pass}, true },
		}}) {
			_, ok := accepted[f.Check]
			if dir == "overlays/dev" && !ok {
				_, ok = acceptedDev[f.Check]
			}
			if !ok && f.Severity.Rank() >= gate.SeverityLow.Rank() {
				found = append(found, fmt.Sprintf("%s %s %s %s/%s %s %s: %s", f.Severity, f.Check, f.Outcome, f.Kind, f.Name, f.Container, f.Field, f.Message))
			}
		}
		slices.Sort(found)
		for _, line := range found {
			t.Errorf("%s: %s", dir, line)
		}
	}
}
