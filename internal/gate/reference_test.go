package gate

import (
	"strings"
	"testing"
)

func TestParseReferenceNormalisesAsDockerDoes(t *testing.T) {
	const digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for _, tt := range []struct {
		name, in, want, repository, tag, digest string
	}{
		{"a bare name is on Docker Hub with tag latest", "nginx", "docker.io/library/nginx:latest", "docker.io/library/nginx", "latest", ""},
		{"a user repository on Docker Hub", "grafana/k6:1", "docker.io/grafana/k6:1", "docker.io/grafana/k6", "1", ""},
		{"index.docker.io is docker.io", "index.docker.io/library/nginx:1", "docker.io/library/nginx:1", "docker.io/library/nginx", "1", ""},
		{"a port is not a tag", "registry.example:5000/app", "registry.example:5000/app:latest", "registry.example:5000/app", "latest", ""},
		{"a digest has no implied tag", "registry.example/app@" + digest, "registry.example/app@" + digest, "registry.example/app", "", digest},
		{"a tag beside a digest is kept for policies", "registry.example/app:1@" + digest, "registry.example/app:1@" + digest, "registry.example/app", "1", digest},
		{"a layout directory", "oci:./out/../img", "oci:img", "", "", ""},
		{"a layout directory with a tag", "oci:/tmp/img:v1", "oci:/tmp/img", "", "v1", ""},
		{"an archive", "docker-archive:a.tar.gz", "docker-archive:a.tar.gz", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseReference(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.Name != tt.want || got.Repository != tt.repository || got.Tag != tt.tag || got.Digest != tt.digest {
				t.Errorf("ParseReference(%q) = %+v", tt.in, got)
			}
		})
	}
}

func TestParseReferenceNamesWhatIsWrong(t *testing.T) {
	for _, in := range []string{"", ":", "UPPER/case", "a b", "app@sha256:short", "oci:", "http://host/app", strings.Repeat("a", 248), strings.Repeat("a", 10000)} {
		_, err := ParseReference(in)
		if CodeOf(err) != CodeInvalid {
			t.Errorf("ParseReference(%.20q) = %v, want an invalid error", in, err)
		}
		if err != nil && len(err.Error()) > 400 {
			t.Errorf("the error for a %d byte reference has %d bytes", len(in), len(err.Error()))
		}
	}
}

func FuzzParseReference(f *testing.F) {
	for _, s := range []string{"nginx", "a/b:c@sha256:" + strings.Repeat("0", 64), "oci:x:y", "docker-archive:", "localhost:5000/a:b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := ParseReference(s)
		if err != nil {
			return
		}
		again, err := ParseReference(ref.Name)
		if ref.Scheme == SchemeRegistry && (err != nil || again.Name != ref.Name) {
			t.Errorf("normalising %q is not stable: %q, then %q (%v)", s, ref.Name, again.Name, err)
		}
	})
}
