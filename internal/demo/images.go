package demo

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// specimen is one image of the demo, with what it teaches.
type specimen struct {
	name   string
	lesson string
	policy string // empty: the default
	make   func() (pushable, error)
}

// pushable is an image or an index.
type pushable interface {
	Digest() (v1.Hash, error)
}

// specimens are the demo's images, the good one first.
func specimens() []specimen {
	nonroot := func(c *v1.Config) { c.User = "65532:65532" }
	app := file("app", 0o755, elf(amd64))
	return []specimen{
		{"good", "a small image, a numeric user, no shell, nothing vulnerable", "", func() (pushable, error) {
			return build("amd64", nonroot, base(fixedOpenSSL), layer{app})
		}},
		{"root", "no USER: root, and the config alone says so", "", func() (pushable, error) {
			return build("amd64", func(*v1.Config) {}, base(fixedOpenSSL), layer{app})
		}},
		{"root-in-disguise", "USER 00 is uid 0 to every runtime", "", func() (pushable, error) {
			return build("amd64", func(c *v1.Config) { c.User = "00" }, base(fixedOpenSSL), layer{app})
		}},
		{"deleted-secret", "a later layer deletes the key; everybody can still pull it", "", func() (pushable, error) {
			return build("amd64", nonroot, base(fixedOpenSSL), layer{app, file("srv/.env", 0o600, awsKey())}, layer{file("srv/.wh..env", 0, "")})
		}},
		{"vulnerable", "openssl has a fix to take, zlib has none yet", "", func() (pushable, error) {
			return build("amd64", nonroot, base(vulnerableOpenSSL, zlib), layer{app})
		}},
		{"mislabelled", "called MEDIUM by its source, scored 9.8", "", func() (pushable, error) {
			return build("amd64", nonroot, base(fixedOpenSSL), layer{app, file("srv/node_modules/json-schema/package.json", 0o644, `{"name": "json-schema", "version": "0.2.3"}`)})
		}},
		{"shell", "a shell copied into a distroless base, held to the strict policy", "strict", func() (pushable, error) {
			return build("amd64", nonroot, base(fixedOpenSSL), layer{app, file("bin/busybox", 0o755, elf(amd64)), link("bin/sh", "busybox")})
		}},
		{"two-platforms", "amd64 is fine; arm64 runs as root", "", twoPlatforms},
	}
}

func twoPlatforms() (pushable, error) {
	amd, err := build("amd64", func(c *v1.Config) { c.User = "65532:65532" }, base(fixedOpenSSL), layer{file("app", 0o755, elf(amd64))})
	if err != nil {
		return nil, err
	}
	arm, err := build("arm64", func(*v1.Config) {}, base(fixedOpenSSL), layer{file("app", 0o755, elf(arm64))})
	if err != nil {
		return nil, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	return mutate.AppendManifests(index,
		mutate.IndexAddendum{Add: amd, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
		mutate.IndexAddendum{Add: arm, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
	), nil
}

// entry is one tar entry, layer the entries of one layer.
type entry struct {
	header tar.Header
	body   string
}
type layer []entry

func file(name string, mode int64, body string) entry {
	return entry{tar.Header{Name: name, Mode: mode, Typeflag: tar.TypeReg, Size: int64(len(body))}, body}
}

func link(name, target string) entry {
	return entry{tar.Header{Name: name, Linkname: target, Mode: 0o777, Typeflag: tar.TypeSymlink}, ""}
}

// The ELF machines of the demo's platforms (elf(5), e_machine).
const (
	amd64 = "\x3e\x00"
	arm64 = "\xb7\x00"
)

// elf begins as a static 64-bit ELF executable for a machine does, and ends
// soon after.
func elf(machine string) string {
	return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00" + machine + strings.Repeat("\x00", 44)
}

// awsKey has the form of an access key and opens nothing. It is put together
// here so that scanners of this source tree have nothing to find.
func awsKey() string {
	return "AWS_ACCESS_KEY_ID=AKIA" + "Q3EGRIMZKTPW5LXV" + "\n"
}

// The packages of the demo's base, as dpkg records them.
const (
	fixedOpenSSL      = "openssl 3.0.15-1~deb12u1"
	vulnerableOpenSSL = "openssl 3.0.9-1"
	zlib              = "zlib1g/zlib 1:1.2.13.dfsg-1"
)

// base is a distroless-like base of Debian 12: package records, no shell.
func base(packages ...string) layer {
	l := layer{
		file("etc/os-release", 0o644, "PRETTY_NAME=\"Distroless\"\nNAME=\"Debian GNU/Linux\"\nID=\"debian\"\nVERSION_ID=\"12\"\n"),
		file("etc/debian_version", 0o644, "12.8\n"),
		file("etc/passwd", 0o644, "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"),
		file("etc/group", 0o644, "root:x:0:\nnonroot:x:65532:\n"),
	}
	for _, p := range append([]string{"base-files 12.4+deb12u8"}, packages...) {
		name, version, _ := strings.Cut(p, " ")
		name, source, _ := strings.Cut(name, "/")
		record := fmt.Sprintf("Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n", name, version)
		if source != "" {
			record += "Source: " + source + "\n"
		}
		l = append(l, file("var/lib/dpkg/status.d/"+name, 0o644, record))
	}
	return l
}

// build makes an image of layers, the same bytes each time.
func build(architecture string, configure func(*v1.Config), layers ...layer) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for i, l := range layers {
		data, err := l.tar()
		if err != nil {
			return nil, err
		}
		blob, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, tarball.WithMediaType(types.OCILayer))
		if err != nil {
			return nil, err
		}
		image, err = mutate.Append(image, mutate.Addendum{Layer: blob, History: v1.History{CreatedBy: fmt.Sprintf("COPY layer-%d / # demo", i+1)}})
		if err != nil {
			return nil, err
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture
	config.Created = v1.Time{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	config.Config.Entrypoint = []string{"/app"}
	configure(&config.Config)
	return mutate.ConfigFile(image, config)
}

func (l layer) tar() ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range l {
		h := e.header
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}
