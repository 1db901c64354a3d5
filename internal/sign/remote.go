package sign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"

	"github.com/imagegate/imagegate/internal/gate"
)

// The bounds on what is read beside an image. Anyone who can push to the
// repository can put things there.
const (
	maxSignatures = 200      // of a .sig manifest
	maxPayload    = 64 << 10 // bytes of a simple-signing payload
	maxReferrers  = 200      // bundles among a digest's referrers
	maxBundle     = 1 << 20  // bytes of a bundle
	maxManifest   = 4 << 20  // bytes of a manifest
)

// Remote gives options for the registry: context, transport, credentials.
type Remote func(context.Context) []remote.Option

// target is one digest in a registry, with what is needed to talk about it.
type target struct {
	ctx    context.Context //nolint:containedctx // one call's, never kept
	digest name.Digest
	hash   v1.Hash
	opts   []remote.Option
}

func newTarget(ctx context.Context, r Remote, insecure []string, repository, digest string) (*target, error) {
	repo, err := name.NewRepository(repository, name.StrictValidation)
	if err != nil {
		repo, err = name.NewRepository(repository)
	}
	if err == nil && plainHTTP(repo.RegistryStr(), insecure) {
		repo, err = name.NewRepository(repository, name.Insecure)
	}
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%q is not a repository", repository), err)
	}
	hash, err := v1.NewHash(digest)
	if err != nil || hash.Algorithm != "sha256" {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%q is not a sha256 digest: only digests are signed", digest), err)
	}
	opts := slices.Clip(r(ctx))
	puller, err := remote.NewPuller(opts...)
	if err != nil {
		return nil, gate.NewError(gate.CodeInternal, "the registry client cannot be made", err)
	}
	pusher, err := remote.NewPusher(opts...)
	if err != nil {
		return nil, gate.NewError(gate.CodeInternal, "the registry client cannot be made", err)
	}
	// One connection and one token for all requests of this call.
	opts = slices.Clip(append(opts, remote.Reuse(puller), remote.Reuse(pusher)))
	return &target{ctx: ctx, digest: repo.Digest(digest), hash: hash, opts: opts}, nil
}

// plainHTTP reports whether the host may be spoken to without TLS: loopback,
// and what the operator lists.
func plainHTTP(host string, insecure []string) bool {
	bare := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		bare = h
	}
	addr, err := netip.ParseAddr(strings.Trim(bare, "[]"))
	return bare == "localhost" || strings.HasSuffix(bare, ".localhost") || (err == nil && addr.IsLoopback()) || slices.Contains(insecure, host) || slices.Contains(insecure, bare)
}

// cosignOptions are the target's for cosign's own registry functions.
func (t *target) cosignOptions() []ociremote.Option {
	return []ociremote.Option{ociremote.WithRemoteOptions(t.opts...), ociremote.WithNameOptions(nameOptions(t.digest.Repository)...)}
}

func nameOptions(repo name.Repository) []name.Option {
	if repo.Scheme() == "http" {
		return []name.Option{name.Insecure}
	}
	return nil
}

// blob reads a blob that is at most limit bytes long.
func (t *target) blob(digest v1.Hash, limit int64) ([]byte, error) {
	layer, err := remote.Layer(t.digest.Repository.Digest(digest.String()), t.opts...)
	if err != nil {
		return nil, t.problem("read "+digest.String(), err)
	}
	r, err := layer.Compressed()
	if err != nil {
		return nil, t.problem("read "+digest.String(), err)
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, t.problem("read "+digest.String(), err)
	}
	if int64(len(data)) > limit {
		return nil, gate.NewError(gate.CodeLimit, fmt.Sprintf("%s beside %s is longer than %d bytes", digest, t.digest, limit), nil)
	}
	return data, nil
}

// problem turns a registry's answer into an error that says what to do.
func (t *target) problem(doing string, err error) error {
	var known *gate.Error
	if errors.As(err, &known) {
		return err
	}
	about := fmt.Sprintf("%s for %s", doing, t.digest)
	var answer *transport.Error
	if errors.As(err, &answer) {
		switch answer.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden:
			return gate.NewError(gate.CodeUnauthorized, "the registry refuses to "+about+": the gate's credentials need the right to pull and push "+t.digest.Repository.Name(), err)
		case http.StatusNotFound:
			if !lostUpload(answer) {
				return gate.NewError(gate.CodeNotFound, "there is nothing to "+about, err)
			}
		}
	}
	return gate.NewError(gate.CodeUnavailable, "the registry did not "+about, err)
}

// lostUpload reports whether the registry forgot, while we wrote, what we had
// written so far: it ended in between, or another of its replicas answers.
// Writing again begins anew. (distribution-spec, error codes.)
func lostUpload(answer *transport.Error) bool {
	for _, d := range answer.Errors {
		switch d.Code {
		case transport.BlobUploadUnknownErrorCode, transport.BlobUploadInvalidErrorCode, transport.BlobUnknownErrorCode, transport.ManifestBlobUnknownErrorCode:
			return true
		}
	}
	return false
}

// absent reports whether the registry says that there is no such thing.
func absent(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}
