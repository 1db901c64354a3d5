package registry

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestMaterialsThatAreImagesAreNamed(t *testing.T) {
	sum := strings.Repeat("a", 64)
	for _, s := range []struct {
		name, uri, want string
		digest          map[string]string
	}{
		{"BuildKit's", "pkg:docker/debian@12?digest=sha256:" + sum + "&platform=linux%2Famd64", "debian:12@sha256:" + sum, nil},
		{"with a namespace", "pkg:docker/ghcr.io/team/base@1", "ghcr.io/team/base:1", nil},
		{"with its digest beside it", "pkg:docker/debian@12", "debian:12@sha256:" + sum, map[string]string{"sha256": sum}},
		{"by digest alone", "pkg:docker/debian@sha256:" + sum, "debian@sha256:" + sum, nil},
		{"of type oci", "pkg:oci/base@sha256:" + sum + "?repository_url=ghcr.io/team/base&tag=1", "ghcr.io/team/base:1@sha256:" + sum, nil},
		{"another package", "pkg:npm/left-pad@1", "", nil},
		{"a file", "https://example.org/a.tar", "", nil},
		{"no package URL", "pkg:docker/", "", nil},
		{"one of absurd length", "pkg:docker/" + strings.Repeat("x", 600), "", nil},
	} {
		t.Run(s.name, func(t *testing.T) {
			if got := (material{URI: s.uri, Digest: s.digest}).image(); got != s.want {
				t.Errorf("named %q, want %q", got, s.want)
			}
		})
	}
}

// FuzzStatement reads anything as a statement and as an envelope: it must end,
// stay within its bounds, and never be about the image by accident.
func FuzzStatement(f *testing.F) {
	subject := strings.Repeat("b", 64)
	f.Add([]byte(`{"predicateType":"https://slsa.dev/provenance/v1","subject":[{"digest":{"sha256":"` + subject + `"}}],"predicate":{"buildDefinition":{"resolvedDependencies":[{"uri":"pkg:docker/a@1"}]}}}`))
	f.Add([]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30="}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		finder := &finder{subject: gate.AttachmentSubject{Digest: "sha256:" + subject}, supply: &gate.Supply{}}
		for _, read := range []func(*gate.Attachment, []byte){finder.statement, finder.envelope} {
			var a gate.Attachment
			read(&a, data)
			if len(a.Subjects) > maxSubjects || len(a.Images) > maxImages || len(a.Parameters) > maxParameters || len(a.Builder) > 4*300 || len(a.PredicateType) > 4*200 {
				t.Errorf("not bounded: %+v", a)
			}
			if a.About && a.Subjects == nil {
				t.Error("about the image without a subject")
			}
		}
	})
}
