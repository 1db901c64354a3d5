package registry

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/klauspost/compress/gzip"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxMembers and maxArchive bound an archive: members, and bytes unpacked.
const (
	maxMembers = 100_000
	maxArchive = 64 << 30
)

// archive is a tar file whose members are read where they lie.
type archive struct {
	file    *os.File
	members map[string]member
}

type member struct{ offset, size int64 }

func (a *archive) open(name string) (io.ReadCloser, int64, error) {
	m, ok := a.members[name]
	if !ok {
		return nil, 0, fs.ErrNotExist
	}
	return io.NopCloser(io.NewSectionReader(a.file, m.offset, m.size)), m.size, nil
}

func (a *archive) Close() error { return a.file.Close() }

// openArchive indexes a tar file. A gzip-compressed one is decompressed once,
// into a temporary file without a name: its members lie anywhere, and the
// manifest that says which are wanted usually lies last.
func openArchive(ctx context.Context, ref gate.Reference) (*archive, error) {
	f, err := os.Open(ref.Path)
	if err != nil {
		return nil, gate.NewError(gate.CodeNotFound, fmt.Sprintf("%s: the file cannot be opened", ref), err)
	}
	var magic [2]byte
	if _, err := io.ReadFull(f, magic[:]); err == nil && magic == [2]byte{0x1f, 0x8b} {
		unpacked, err := spool(ctx, f)
		_ = f.Close()
		if err != nil {
			return nil, archiveError(ref, "the archive cannot be decompressed", err)
		}
		f = unpacked
	}
	a := &archive{file: f, members: map[string]member{}}
	if err := a.index(ctx); err != nil {
		_ = f.Close()
		return nil, archiveError(ref, "this is not a tar archive of an image", err)
	}
	return a, nil
}

// archiveError says what is wrong with an archive, where it is the archive:
// bounds that were reached and a caller's end keep their own codes.
func archiveError(ref gate.Reference, problem string, cause error) error {
	switch code := gate.CodeOf(cause); {
	case cause == nil:
	case errors.Is(cause, context.Canceled), errors.Is(cause, context.DeadlineExceeded):
		return gate.NewError(gate.CodeUnavailable, "there was no time left to read "+ref.String(), cause)
	case code == gate.CodeLimit:
		return gate.NewError(code, ref.String()+": "+problem, cause)
	}
	return gate.NewError(gate.CodeInvalid, ref.String()+": "+problem, cause)
}

func spool(ctx context.Context, f *os.File) (*os.File, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	gz, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	out, err := os.CreateTemp("", "archive-")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(out.Name())
	n, err := io.Copy(out, io.LimitReader(&contextReader{ctx, gz}, maxArchive+1))
	if err == nil && n > maxArchive {
		err = gate.NewError(gate.CodeLimit, fmt.Sprintf("it unpacks to more than %d bytes", int64(maxArchive)), nil)
	}
	if err != nil {
		_ = out.Close()
		return nil, err
	}
	return out, nil
}

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// index notes where each member lies. Symbolic links, which older Docker
// versions write for repeated layers, lead to their target's bytes.
func (a *archive) index(ctx context.Context) error {
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	links := map[string]string{}
	tr := tar.NewReader(a.file)
	for n := 0; ctx.Err() == nil; n++ {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if n > maxMembers {
			return gate.NewError(gate.CodeLimit, fmt.Sprintf("it has more than %d members", maxMembers), nil)
		}
		name := path.Clean(h.Name)
		switch h.Typeflag {
		case tar.TypeReg:
			// archive/tar reads headers from the file itself, so the
			// file now stands where the member's bytes begin.
			offset, err := a.file.Seek(0, io.SeekCurrent)
			if err != nil {
				return err
			}
			a.members[name] = member{offset, h.Size}
		case tar.TypeSymlink:
			links[name] = path.Join(path.Dir(name), h.Linkname) //nolint:gosec // a name inside the archive; nothing is unpacked
		case tar.TypeLink:
			links[name] = path.Clean(h.Linkname)
		}
	}
	for name, target := range links {
		if m, ok := a.members[target]; ok {
			a.members[name] = m
		}
	}
	return ctx.Err()
}

func (c *Client) resolveArchive(ctx context.Context, ref gate.Reference, platforms []string) (*gate.Resolved, error) {
	a, err := openArchive(ctx, ref)
	if err != nil {
		return nil, err
	}
	if _, ok := a.members["manifest.json"]; ok && ref.Scheme == gate.SchemeDockerArchive {
		out, err := c.resolveDocker(a, ref, platforms)
		if err != nil {
			_ = a.Close()
		}
		return out, err
	}
	return c.resolveFiles(ctx, a, ref, platforms)
}

// dockerManifest is manifest.json of docker save.
type dockerManifest struct {
	Config   string   `json:"Config"`
	RepoTags []string `json:"RepoTags"`
	Layers   []string `json:"Layers"`
}

// resolveDocker resolves what docker save writes. Such an archive holds no
// manifest, and making one would mean compressing every layer to learn its
// digest; the image is named by its config's digest instead, which is Docker's
// image ID, and layers by their diffIDs.
func (c *Client) resolveDocker(a *archive, ref gate.Reference, platforms []string) (*gate.Resolved, error) {
	invalid := func(cause error, format string, args ...any) error {
		return archiveError(ref, fmt.Sprintf(format, args...), cause)
	}
	s := &layoutSource{client: c, files: a}
	raw, err := s.read("manifest.json", c.MaxManifest)
	var list []dockerManifest
	if err == nil {
		err = json.Unmarshal(raw, &list)
	}
	if err != nil {
		return nil, invalid(err, "manifest.json cannot be read")
	}
	if len(list) != 1 {
		return nil, invalid(nil, "the archive holds %d images: save one at a time", len(list))
	}
	config, err := s.read(path.Clean(list[0].Config), c.MaxConfig)
	if err != nil {
		return nil, invalid(err, "the config %q cannot be read", list[0].Config)
	}
	m := manifest{
		MediaType: "application/vnd.docker.distribution.manifest.v2+json",
		Config:    descriptor{MediaType: "application/vnd.docker.container.image.v1+json", Digest: sha256Of(config), Size: int64(len(config))},
	}
	var parsed configFile
	if err := json.Unmarshal(config, &parsed); err != nil {
		return nil, invalid(err, "the config is not an image config")
	}
	blobs := &fileBlobs{files: a}
	for i, name := range list[0].Layers {
		name = path.Clean(name)
		found, ok := a.members[name]
		if !ok {
			return nil, invalid(nil, "layer %q is not in the archive", name)
		}
		d := descriptor{MediaType: "application/vnd.docker.image.rootfs.diff.tar", Size: found.size}
		if i < len(parsed.RootFS.DiffIDs) {
			d.Digest = parsed.RootFS.DiffIDs[i]
		}
		digest, compressed, err := a.compressed(found)
		if err != nil {
			return nil, invalid(err, "layer %q cannot be read", name)
		}
		if compressed {
			d.MediaType, d.Digest = "application/vnd.docker.image.rootfs.diff.tar.gzip", digest
		}
		m.Layers = append(m.Layers, d)
		blobs.names = append(blobs.names, name)
	}
	digest := m.Config.Digest
	manifestBytes, err := json.Marshal(m)
	if err != nil {
		return nil, invalid(err, "its layers cannot be described")
	}
	e, err := evidence(m, manifestBytes, config, digest)
	if err != nil {
		return nil, invalid(err, "the config cannot be read")
	}
	out := &gate.Resolved{Digest: digest, MediaType: m.MediaType, Images: []gate.Image{{
		Digest: digest, RawManifest: manifestBytes, RawConfig: config, Evidence: e, Blobs: blobs,
	}}}
	return out, c.platformOf(ref, out, platforms)
}

// compressed recognises a layer that was saved compressed, and names it by the
// digest of its bytes.
func (a *archive) compressed(m member) (string, bool, error) {
	var magic [2]byte
	switch _, err := a.file.ReadAt(magic[:], m.offset); {
	case err != nil && !errors.Is(err, io.EOF):
		return "", false, err
	case magic != [2]byte{0x1f, 0x8b}:
		return "", false, nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(a.file, m.offset, m.size)); err != nil {
		return "", false, err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), true, nil
}
