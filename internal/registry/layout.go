package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// files is a tree of files by slash-separated name: a layout directory or an
// archive.
type files interface {
	open(name string) (io.ReadCloser, int64, error)
	Close() error
}

// directory is a layout on disk. os.Root keeps names and symbolic links inside.
type directory struct{ root *os.Root }

func (d directory) open(name string) (io.ReadCloser, int64, error) {
	info, err := d.root.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fs.ErrInvalid // opening a FIFO would wait for ever
	}
	f, err := d.root.Open(name)
	return f, info.Size(), err
}

func (d directory) Close() error { return d.root.Close() }

func (c *Client) resolveLayout(ctx context.Context, ref gate.Reference, platforms []string) (*gate.Resolved, error) {
	root, err := os.OpenRoot(ref.Path)
	if err != nil {
		return nil, gate.NewError(gate.CodeNotFound, fmt.Sprintf("%s: there is no directory that can be read", ref), err)
	}
	return c.resolveFiles(ctx, directory{root}, ref, platforms)
}

// resolveFiles resolves an OCI layout (image-spec, image-layout.md).
func (c *Client) resolveFiles(ctx context.Context, f files, ref gate.Reference, platforms []string) (*gate.Resolved, error) {
	s := &layoutSource{client: c, files: f}
	out, err := s.resolve(ctx, ref, platforms)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return out, nil
}

// layoutSource reads an OCI layout.
type layoutSource struct {
	client *Client
	files  files
}

func (s *layoutSource) resolve(ctx context.Context, ref gate.Reference, platforms []string) (*gate.Resolved, error) {
	raw, err := s.read("index.json", s.client.MaxManifest)
	if gate.CodeOf(err) == gate.CodeLimit {
		return nil, err
	}
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s is not an OCI image layout: it has no index.json that can be read", ref), err)
	}
	var index manifest
	if err := json.Unmarshal(raw, &index); err != nil {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s: index.json is not JSON", ref), err)
	}
	d, err := choose(index.Manifests, ref)
	if err != nil {
		return nil, err
	}
	return s.client.resolve(ctx, s, ref, d.Digest, platforms)
}

const annotationRefName = "org.opencontainers.image.ref.name"

// choose picks the manifest of a layout: the one named, or the only one.
func choose(manifests []descriptor, ref gate.Reference) (descriptor, error) {
	var names []string
	for _, m := range manifests {
		name := m.Annotations[annotationRefName]
		if ref.Tag != "" && (name == ref.Tag || strings.HasSuffix(name, ":"+ref.Tag)) {
			return m, nil
		}
		names = append(names, fmt.Sprintf("%s (%s)", name, m.Digest))
	}
	switch {
	case len(manifests) == 0:
		return descriptor{}, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s: the layout holds no image", ref), nil)
	case ref.Tag != "":
		return descriptor{}, gate.NewError(gate.CodeNotFound, fmt.Sprintf("%s: the layout has no image named %q; it has %s", ref, ref.Tag, strings.Join(names, ", ")), nil)
	case len(manifests) > 1:
		return descriptor{}, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s: the layout holds %d images, name one as oci:DIR:NAME; it has %s", ref, len(manifests), strings.Join(names, ", ")), nil)
	}
	return manifests[0], nil
}

// read reads a small member whole.
func (s *layoutSource) read(name string, limit int64) ([]byte, error) {
	r, size, err := s.files.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	if size > limit {
		return nil, gate.NewError(gate.CodeLimit, fmt.Sprintf("%s has %d bytes, more than %d", name, size, limit), nil)
	}
	return io.ReadAll(r)
}

// blobName is the file of a blob (image-layout.md, "Blobs").
func blobName(digest string) (string, error) {
	algorithm, hex, ok := strings.Cut(digest, ":")
	if !ok || (algorithm != "sha256" && algorithm != "sha512") || hex == "" || strings.Trim(hex, "0123456789abcdef") != "" {
		return "", gate.NewError(gate.CodeInvalid, fmt.Sprintf("%.100q is not a digest", digest), nil)
	}
	return "blobs/" + algorithm + "/" + hex, nil
}

func (s *layoutSource) manifest(_ context.Context, reference string) ([]byte, string, error) {
	raw, err := s.small(reference, s.client.MaxManifest)
	return raw, "", err
}

func (s *layoutSource) blob(_ context.Context, d gate.Descriptor) ([]byte, error) {
	return s.small(d.Digest, s.client.MaxConfig)
}

func (s *layoutSource) small(digest string, limit int64) ([]byte, error) {
	name, err := blobName(digest)
	if err != nil {
		return nil, err
	}
	raw, err := s.read(name, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, gate.NewError(gate.CodeNotFound, "the layout does not have blob "+digest, nil)
	}
	if err != nil && gate.CodeOf(err) != gate.CodeLimit {
		err = gate.NewError(gate.CodeInvalid, "blob "+digest+" of the layout cannot be read", err)
	}
	return raw, err
}

func (s *layoutSource) blobs() gate.Blobs { return &fileBlobs{files: s.files} }

// fileBlobs opens layers among files. Closing it releases them.
type fileBlobs struct {
	files files
	names []string // by layer, where names do not follow from digests
}

// Open implements gate.Blobs.
func (b *fileBlobs) Open(_ context.Context, i int, d gate.Descriptor) (io.ReadCloser, error) {
	name := ""
	if b.names != nil {
		name = b.names[i]
	} else {
		var err error
		if name, err = blobName(d.Digest); err != nil {
			return nil, err
		}
	}
	r, _, err := b.files.open(name)
	if err != nil {
		return nil, gate.NewError(gate.CodeNotFound, "layer "+d.Digest+" is not in the layout or archive", err)
	}
	return r, nil
}

// Close releases the directory or archive.
func (b *fileBlobs) Close() error { return b.files.Close() }
