package gate

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// maxReference bounds a reference in bytes: maxRepository, 128 for a tag, 135
// for a digest, and a host.
const maxReference = 1024

// maxRepository bounds a repository's path in bytes (distribution-spec).
const maxRepository = 255

// Scheme says where an image is read from.
type Scheme string

// The schemes. Everything but SchemeRegistry is a path on the machine the gate
// runs on, so only the command line accepts it, never the REST interface.
const (
	SchemeRegistry      Scheme = "registry"
	SchemeOCILayout     Scheme = "oci"            // oci:DIR[:TAG]
	SchemeOCIArchive    Scheme = "oci-archive"    // a tar of an OCI layout
	SchemeDockerArchive Scheme = "docker-archive" // what docker save writes
)

// Reference is an image as asked for, normalised once and never split again.
type Reference struct {
	// Asked is the caller's spelling.
	Asked string `json:"asked"`
	// Name is Docker's familiar full form: registry, repository and tag or
	// digest; nginx is docker.io/library/nginx:latest. Policies match it.
	// For local sources it is scheme:path.
	Name   string `json:"name"`
	Scheme Scheme `json:"scheme"`
	// Repository is registry and path, without tag and digest; empty for
	// local sources.
	Repository string `json:"repository,omitempty"`
	Tag        string `json:"tag,omitempty"`
	// Digest is set when the reference pins one.
	Digest string `json:"digest,omitempty"`
	// Path is the file or directory of a local source.
	Path string `json:"path,omitempty"`
}

// ParseReference normalises an image reference. Local sources are recognised
// by their scheme. The error is CodeInvalid, quotes the input (bounded) and
// says what a reference looks like.
func ParseReference(s string) (Reference, error) {
	if len(s) > maxReference {
		return Reference{}, NewError(CodeInvalid, fmt.Sprintf("image reference of %d bytes is longer than any registry allows (%d): %q…", len(s), maxReference, s[:40]), nil)
	}
	for _, scheme := range []Scheme{SchemeOCILayout, SchemeOCIArchive, SchemeDockerArchive} {
		path, ok := strings.CutPrefix(s, string(scheme)+":")
		if !ok {
			continue
		}
		tag := ""
		if scheme == SchemeOCILayout {
			if i := strings.LastIndex(path, ":"); i > strings.LastIndex(path, "/") && i > 0 {
				path, tag = path[:i], path[i+1:]
			}
		}
		if path == "" {
			return Reference{}, NewError(CodeInvalid, fmt.Sprintf("%q names no path: write %s:PATH", s, scheme), nil)
		}
		path = filepath.Clean(path)
		return Reference{Asked: s, Name: string(scheme) + ":" + path, Scheme: scheme, Tag: tag, Path: path}, nil
	}
	return parseRegistryReference(s)
}

func parseRegistryReference(s string) (Reference, error) {
	invalid := func(cause error) (Reference, error) {
		return Reference{}, NewError(CodeInvalid, fmt.Sprintf("%q is not an image reference: write registry/repository:tag or registry/repository@sha256:…, or oci:DIR, oci-archive:FILE, docker-archive:FILE", s), cause)
	}
	parsed, err := name.ParseReference(s, name.WeakValidation)
	if err != nil {
		return invalid(nil)
	}
	repo := parsed.Context()
	if len(repo.RepositoryStr()) > maxRepository {
		return invalid(nil) // with Docker Hub's library/, which the parser did not count
	}
	ref := Reference{Asked: s, Scheme: SchemeRegistry, Repository: familiar(repo.RegistryStr()) + "/" + repo.RepositoryStr()}
	switch r := parsed.(type) {
	case name.Digest:
		ref.Digest = r.DigestStr()
		// A tag beside a digest is decoration, but policies may match it.
		if i := strings.Index(s, "@"); i >= 0 {
			if t, err := name.NewTag(s[:i], name.WeakValidation); err == nil && strings.HasSuffix(s[:i], ":"+t.TagStr()) {
				ref.Tag = t.TagStr()
			}
		}
	case name.Tag:
		ref.Tag = r.TagStr()
	}
	ref.Name = ref.Repository
	if ref.Tag != "" {
		ref.Name += ":" + ref.Tag
	}
	if ref.Digest != "" {
		ref.Name += "@" + ref.Digest
	}
	return ref, nil
}

// familiar undoes go-containerregistry's spelling of Docker Hub.
func familiar(registry string) string {
	if registry == name.DefaultRegistry {
		return "docker.io"
	}
	return registry
}

// String is the normalised form.
func (r Reference) String() string { return r.Name }

// At is the reference pinned to a digest, without a tag: what every step after
// resolving names.
func (r Reference) At(digest string) string {
	if r.Repository == "" {
		return r.Name + "@" + digest
	}
	return r.Repository + "@" + digest
}
