//go:build goexperiment.jsonv2

package corpus

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/compression"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// entry is one tar entry, layer the entries of one layer.
type entry struct {
	tar.Header
	body string
}
type layer []entry

func file(name string, mode int64, body string) entry {
	return entry{tar.Header{Name: name, Mode: mode, Typeflag: tar.TypeReg, Size: int64(len(body))}, body}
}

// owned is a file of somebody else than root.
func owned(e entry, uid int) entry {
	e.Uid, e.Gid = uid, uid
	return e
}

func dir(name string, mode int64) entry {
	return entry{Header: tar.Header{Name: name + "/", Mode: mode, Typeflag: tar.TypeDir}}
}

func symlink(name, target string) entry {
	return entry{Header: tar.Header{Name: name, Linkname: target, Mode: 0o777, Typeflag: tar.TypeSymlink}}
}

func hardlink(name, target string) entry {
	return entry{Header: tar.Header{Name: name, Linkname: target, Mode: 0o755, Typeflag: tar.TypeLink}}
}

func device(name string, kind byte, major, minor int64) entry {
	return entry{Header: tar.Header{Name: name, Mode: 0o660, Typeflag: kind, Devmajor: major, Devminor: minor}}
}

// capable is a program with a capability, by its number in capabilities(7), as
// the kernel keeps it (struct vfs_cap_data, effective): revision 2 has 20 bytes,
// revision 3 of user namespaces 24.
func capable(name string, capability, revision int) entry {
	data := make([]byte, 12+4*revision)
	binary.LittleEndian.PutUint32(data, uint32(revision)<<24|1)
	binary.LittleEndian.PutUint32(data[4:], 1<<capability)
	e := program(name)
	e.PAXRecords = map[string]string{"SCHILY.xattr.security.capability": string(data)}
	return e
}

// gone deletes a path of lower layers, emptied all that they have in a directory.
func gone(name string) entry {
	at := strings.LastIndexByte(name, '/') + 1
	return file(name[:at]+".wh."+name[at:], 0, "")
}

func emptied(dir string) entry { return file(dir+"/.wh..wh..opq", 0, "") }

// without is the layer without one of its files.
func (l layer) without(name string) layer {
	return slices.DeleteFunc(slices.Clone(l), func(e entry) bool { return e.Name == name })
}

// The machines of ELF files.
const (
	amd64 = 62
	arm64 = 183
)

// elf is the beginning of a 64-bit ELF file: a static program, or one that
// needs the loader. kind is 2 for a program and 3 for a library.
func elf(kind, machine uint16, loader string) string {
	head := make([]byte, 64)
	copy(head, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(head[16:], kind)
	binary.LittleEndian.PutUint16(head[18:], machine)
	binary.LittleEndian.PutUint32(head[20:], 1)
	binary.LittleEndian.PutUint16(head[52:], 64) // e_ehsize
	if loader != "" {
		loader += "\x00"
		segment := make([]byte, 56)
		binary.LittleEndian.PutUint32(segment, 3) // PT_INTERP
		binary.LittleEndian.PutUint64(segment[8:], 64+56)
		binary.LittleEndian.PutUint64(segment[32:], uint64(len(loader)))
		binary.LittleEndian.PutUint64(head[32:], 64) // e_phoff
		binary.LittleEndian.PutUint16(head[54:], 56)
		binary.LittleEndian.PutUint16(head[56:], 1)
		head = append(append(head, segment...), loader...)
	}
	return string(head)
}

// program is a static executable, library a shared object.
func program(name string) entry { return file(name, 0o755, elf(2, amd64, "")) }
func library(name string) entry { return file(name, 0o755, elf(3, amd64, "")) }

const (
	installed = "lib/apk/db/installed" // apk's database

	passwd = "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"
	group  = "root:x:0:\nnonroot:x:65532:\n"

	wolfi = "ID=wolfi\nNAME=\"Wolfi\"\nPRETTY_NAME=\"Wolfi\"\nVERSION_ID=\"20230201\"\n"

	fixedOpenSSL      = "openssl 3.3.2-r0"
	vulnerableOpenSSL = "openssl 3.0.9-r0"
)

// base is a small base without a shell. Its distribution is a rolling one, so
// that no case fails on the day a release reaches its end.
func base(packages ...string) layer {
	if len(packages) == 0 {
		packages = []string{fixedOpenSSL}
	}
	return layer{
		file("etc/os-release", 0o644, wolfi),
		file("etc/passwd", 0o644, passwd), file("etc/group", 0o644, group),
		library("usr/lib/libc.so.6"),
		file(installed, 0o644, apk(append([]string{"glibc 2.40-r3 usr/lib/libc.so.6", "wolfi-baselayout 20230201-r15"}, packages...)...)),
	}
}

// apk is a database of packages, each "name version [file …]".
func apk(packages ...string) string {
	var b strings.Builder
	for _, p := range packages {
		words := strings.Fields(p)
		fmt.Fprintf(&b, "P:%s\nV:%s\nA:x86_64\nL:MIT\no:%s\n", words[0], words[1], words[0])
		for _, f := range words[2:] {
			at := strings.LastIndexByte(f, '/')
			fmt.Fprintf(&b, "F:%s\nR:%s\n", f[:at], f[at+1:])
		}
		b.WriteString("\n")
	}
	return b.String()
}

// debian is a base of Debian as distroless has it, with the records of packages,
// each "name version [file …]", one by one and lists of files where there are
// any.
func debian(release string, packages ...string) layer {
	l := layer{
		file("etc/os-release", 0o644, "PRETTY_NAME=\"Distroless\"\nNAME=\"Debian GNU/Linux\"\nID=\"debian\"\n"), file("etc/debian_version", 0o644, release+"\n"),
		file("etc/passwd", 0o644, passwd), file("etc/group", 0o644, group), library("usr/lib/x86_64-linux-gnu/libc.so.6"),
	}
	for _, p := range packages {
		words := strings.Fields(p)
		l = append(l, file("var/lib/dpkg/status.d/"+words[0], 0o644, fmt.Sprintf("Package: %s\nStatus: install ok installed\nMaintainer: Debian <debian@lists.debian.org>\nArchitecture: amd64\nVersion: %s\n", words[0], words[1])))
		if list := words[2:]; len(list) > 0 {
			l = append(l, file("var/lib/dpkg/status.d/"+words[0]+".md5sums", 0o644, "d41d8cd98f00b204e9800998ecf8427e  "+strings.Join(list, "\nd41d8cd98f00b204e9800998ecf8427e  ")+"\n"))
		}
	}
	return l
}

// specimen is an image to be made.
type specimen struct {
	layers      []layer
	configure   []func(*v1.ConfigFile)
	told        []v1.History // nil: one line for each layer
	zstd        bool
	gzipType    bool // whatever the compression
	annotations map[string]string
}

// image is an image for linux/amd64 that starts /app as 65532:65532.
func image(layers ...layer) specimen { return specimen{layers: layers} }

// plain is such an image on the base, with nothing to say about it, and more
// layers above.
func plain(more ...layer) specimen {
	return image(append([]layer{base(), {program("app")}}, more...)...)
}

func (s specimen) set(configure func(*v1.ConfigFile)) specimen {
	s.configure = append(s.configure[:len(s.configure):len(s.configure)], configure)
	return s
}

func (s specimen) user(u string) specimen {
	return s.set(func(c *v1.ConfigFile) { c.Config.User = u })
}

func (s specimen) env(variables ...string) specimen {
	return s.set(func(c *v1.ConfigFile) { c.Config.Env = variables })
}

func (s specimen) entrypoint(argv ...string) specimen {
	return s.set(func(c *v1.ConfigFile) { c.Config.Entrypoint = argv })
}

func (s specimen) platform(architecture string) specimen {
	return s.set(func(c *v1.ConfigFile) { c.Architecture = architecture })
}

func (s specimen) created(at time.Time) specimen {
	return s.set(func(c *v1.ConfigFile) { c.Created = v1.Time{Time: at} })
}

func (s specimen) labelled(key, value string) specimen {
	return s.set(func(c *v1.ConfigFile) {
		if c.Config.Labels == nil {
			c.Config.Labels = map[string]string{}
		}
		c.Config.Labels[key] = value
	})
}

func (s specimen) annotated(annotations map[string]string) specimen {
	s.annotations = annotations
	return s
}

// history replaces what the image tells of its build. A line for no layer
// begins with "-".
func (s specimen) history(lines ...string) specimen {
	s.told = []v1.History{}
	for _, l := range lines {
		text, empty := strings.CutPrefix(l, "-")
		s.told = append(s.told, v1.History{CreatedBy: text, EmptyLayer: empty})
	}
	return s
}

// built makes the image, the same bytes each time.
func (s specimen) built(t testing.TB) v1.Image {
	t.Helper()
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for i, l := range s.layers {
		data := l.tar(t)
		options := []tarball.LayerOption{tarball.WithMediaType(types.OCILayer)}
		if s.zstd {
			options = []tarball.LayerOption{tarball.WithCompression(compression.ZStd), tarball.WithMediaType(types.OCILayerZStd)}
		}
		if s.gzipType {
			options = append(options, tarball.WithMediaType(types.OCILayer))
		}
		blob, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, options...)
		if err != nil {
			t.Fatal(err)
		}
		history := v1.History{CreatedBy: fmt.Sprintf("COPY layer-%d / # buildkit", i+1)}
		if img, err = mutate.Append(img, mutate.Addendum{Layer: blob, History: history}); err != nil {
			t.Fatal(err)
		}
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Created = v1.Time{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	config.Config.User, config.Config.Entrypoint = "65532:65532", []string{"/app"}
	for _, f := range s.configure {
		f(config)
	}
	if s.told != nil {
		config.History = s.told
	}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	if s.annotations != nil {
		img = mutate.Annotations(img, s.annotations).(v1.Image)
	}
	return img
}

func (l layer) tar(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range l {
		h := e.Header
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
