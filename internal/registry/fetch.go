package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/imagegate/imagegate/internal/gate"
)

// remoteSource reads one repository.
type remoteSource struct {
	client *Client
	repo   name.Repository
}

// accepted are the manifests the gate can judge, or at least name.
var accepted = strings.Join([]string{
	"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
	"application/vnd.docker.distribution.manifest.v1+prettyjws", "application/vnd.oci.artifact.manifest.v1+json",
}, ", ")

// manifest fetches a manifest by tag or digest.
func (s *remoteSource) manifest(ctx context.Context, reference string) ([]byte, string, error) {
	doing := fmt.Sprintf("read the manifest of %s:%s", s.repo.Name(), reference)
	if strings.Contains(reference, ":") {
		if _, err := blobName(reference); err != nil {
			return nil, "", err // it would become part of a URL
		}
		doing = fmt.Sprintf("read the manifest %s@%s", s.repo.Name(), reference)
	}
	body, header, err := s.get(ctx, "manifests/"+reference, accepted, s.client.MaxManifest, doing)
	if err != nil {
		return nil, "", err
	}
	return body, strings.TrimSpace(strings.Split(header.Get("Content-Type"), ";")[0]), nil
}

// blob fetches a small blob whole.
func (s *remoteSource) blob(ctx context.Context, d gate.Descriptor) ([]byte, error) {
	if _, err := blobName(d.Digest); err != nil {
		return nil, err
	}
	doing := fmt.Sprintf("read the config %s of %s", d.Digest, s.repo.Name())
	body, _, err := s.get(ctx, "blobs/"+d.Digest, "*/*", s.client.MaxConfig, doing)
	return body, err
}

func (s *remoteSource) blobs() gate.Blobs { return &blobs{client: s.client, repo: s.repo} }

// url is that of a path below the repository.
func (s *remoteSource) url(path string) string {
	return (&url.URL{Scheme: s.client.scheme(s.repo), Host: s.repo.RegistryStr(), Path: "/v2/" + s.repo.RepositoryStr() + "/" + path}).String()
}

func (c *Client) scheme(repo name.Repository) string {
	if c.PlainHTTP(repo.RegistryStr()) {
		return "http"
	}
	return "https"
}

// get reads a small object, at most limit bytes.
func (s *remoteSource) get(ctx context.Context, path, accept string, limit int64, doing string) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, s.client.Timeout+maxWait)
	defer cancel()
	response, err := s.client.do(ctx, s.repo, s.url(path), http.Header{"Accept": {accept}}, doing)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, nil, statusError(doing, response.StatusCode, nil)
	}
	if response.ContentLength > limit {
		return nil, nil, tooLarge(doing, limit)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, nil, requestError(ctx, doing, err)
	}
	if int64(len(body)) > limit {
		return nil, nil, tooLarge(doing, limit)
	}
	return body, response.Header, nil
}

func tooLarge(doing string, limit int64) error {
	return gate.NewError(gate.CodeLimit, fmt.Sprintf("cannot %s: it is larger than %d bytes, more than any real one", doing, limit), nil)
}

// do sends a GET through the repository's authenticated transport. Redirects
// are followed by net/http, which drops credentials when the host changes.
func (c *Client) do(ctx context.Context, repo name.Repository, url string, header http.Header, doing string) (*http.Response, error) {
	t, err := c.transport(ctx, repo)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "cannot "+doing, err)
	}
	request.Header = header
	response, err := (&http.Client{Transport: t}).Do(request)
	if err != nil {
		return nil, requestError(ctx, doing, err)
	}
	return response, nil
}

func sha256Of(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}
