package registry

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/imagegate/imagegate/internal/gate"
)

// FuzzArchive feeds any bytes to the readers of both kinds of archives. What
// resolves must be whole: a config that has the digest it is named by, and
// layers that can be opened.
func FuzzArchive(f *testing.F) {
	pack := func(members ...string) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for i := 0; i < len(members); i += 2 {
			if err := w.WriteHeader(&tar.Header{Name: members[i], Size: int64(len(members[i+1])), Mode: 0o644}); err != nil {
				f.Fatal(err)
			}
			if _, err := io.WriteString(w, members[i+1]); err != nil {
				f.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		return b.Bytes()
	}
	config := `{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["sha256:00"]},"history":[{"created_by":"x"}]}`
	f.Add(pack("manifest.json", `[{"Config":"c","Layers":["l"]}]`, "c", config, "l", "bytes"))
	f.Add(pack("manifest.json", `[{"Config":"../../etc/passwd","Layers":["/etc/passwd"]}]`))
	f.Add(pack("index.json", `{"manifests":[{"digest":"sha256:00","size":1}]}`, "blobs/sha256/00", config))
	f.Add(pack("oci-layout", "{}")[:700])
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	c, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	file := filepath.Join(f.TempDir(), "image.tar") // every fuzzing process has its own
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, scheme := range []gate.Scheme{gate.SchemeDockerArchive, gate.SchemeOCIArchive} {
			ref := gate.Reference{Name: string(scheme) + ":x", Scheme: scheme, Path: file}
			got, err := c.Resolve(t.Context(), ref, nil)
			if err != nil {
				if code := gate.CodeOf(err); code == gate.CodeInternal || code == gate.CodeUnavailable {
					t.Errorf("an archive's fault has code %s: %v", code, err)
				}
				continue
			}
			for _, img := range got.Images {
				if img.RawConfig != nil && sha256Of(img.RawConfig) != img.Evidence.Manifest.Config.Digest {
					t.Error("the config has another digest")
				}
				if scheme == gate.SchemeDockerArchive && bytes.Contains(content, []byte("manifest.json")) {
					for i, d := range img.Evidence.Manifest.Layers {
						if r, err := img.Blobs.Open(t.Context(), i, d); err == nil {
							_, _ = io.Copy(io.Discard, r)
							_ = r.Close()
						}
					}
				}
			}
			if len(got.Images) > 0 {
				_ = got.Images[0].Blobs.(io.Closer).Close()
			}
		}
	})
}

// FuzzManifest feeds any manifest and config to the reader of evidence, which
// must keep to its bounds and never panic.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":2,"config":{"digest":"sha256:00","size":2},"layers":[{"digest":"sha256:00"}],"annotations":{"a":"b"}}`), []byte(`{"os":"linux","created":"2026-01-02T03:04:05Z","config":{"Healthcheck":{"Test":["NONE"]},"ExposedPorts":{"22/tcp":{}}},"history":[{"created_by":"RUN x","empty_layer":true}]}`))
	f.Add([]byte(`{"manifests":[{"platform":{"os":"linux"},"annotations":{"vnd.docker.reference.type":"x"}}]}`), []byte(`null`))
	f.Add([]byte(`[]`), []byte(`{"created":"yesterday"}`))
	f.Fuzz(func(t *testing.T, rawManifest, rawConfig []byte) {
		e, err := ImageEvidence(rawManifest, rawConfig, "sha256:00")
		if err != nil {
			if gate.CodeOf(err) != gate.CodeInvalid {
				t.Errorf("code %s", gate.CodeOf(err))
			}
			return
		}
		m, err := parseManifest(rawManifest)
		if err != nil {
			t.Fatal("evidence of a manifest that cannot be read")
		}
		if isIndex(m) && isImageConfig(m.Config.MediaType) && m.MediaType == "" {
			t.Error("both an index and an image")
		}
		for _, child := range m.Manifests {
			if child.entry().Role == "" {
				t.Error("a child without a role")
			}
		}
		for _, h := range e.Config.History {
			if len(h.CreatedBy) > maxHistoryLine || len(h.Comment) > maxHistoryLine || !utf8.ValidString(h.CreatedBy) {
				t.Errorf("a history line of %d bytes", len(h.CreatedBy))
			}
		}
		for i := range len(e.Manifest.Layers) + 1 {
			_ = e.Config.CreatedBy(i)
		}
	})
}

// FuzzBlobName holds every name a digest may become inside the layout.
func FuzzBlobName(f *testing.F) {
	f.Add("sha256:00ff")
	f.Add("sha512:00ff")
	f.Add("sha256:../../etc/passwd")
	f.Fuzz(func(t *testing.T, digest string) {
		name, err := blobName(digest)
		if err != nil {
			return
		}
		if !filepath.IsLocal(name) || filepath.Clean(name) != name || filepath.Dir(filepath.Dir(name)) != "blobs" {
			t.Errorf("%q becomes %q", digest, name)
		}
	})
}

func TestHistoryLinesAreCutBetweenCharacters(t *testing.T) {
	long := make([]byte, 0, 3*maxHistoryLine)
	for range maxHistoryLine {
		long = append(long, "ä"...)
	}
	e, err := ImageEvidence([]byte(`{}`), append(append([]byte(`{"history":[{"created_by":"x`), long...), `"}]}`...), "")
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Config.History[0].CreatedBy; !utf8.ValidString(got) || len(got) < maxHistoryLine-1 || len(got) > maxHistoryLine {
		t.Errorf("kept %d bytes", len(got))
	}
}
