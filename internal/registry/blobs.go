package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/imagegate/imagegate/internal/gate"
)

// blobs opens layers of one repository.
type blobs struct {
	client *Client
	repo   name.Repository
	err    error
}

// Blobs opens layers of a repository by digest.
func (c *Client) Blobs(repository string) gate.Blobs {
	repo, err := c.repository(repository)
	return &blobs{client: c, repo: repo, err: err}
}

// Open implements gate.Blobs. Foreign URLs of the descriptor are never
// followed: their hosts are the author's choice.
func (b *blobs) Open(ctx context.Context, _ int, d gate.Descriptor) (io.ReadCloser, error) {
	if b.err != nil {
		return nil, b.err
	}
	if _, err := blobName(d.Digest); err != nil {
		return nil, err // it would become part of a URL
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &resuming{ctx: ctx, cancel: cancel, blobs: b, digest: d.Digest}
	if err := r.connect(); err != nil {
		cancel()
		return nil, err
	}
	return r, nil
}

// maxResumes bounds how often one blob's connection may break.
const maxResumes = 8

// resuming reads a blob over as many connections as it takes.
type resuming struct {
	ctx     context.Context
	cancel  context.CancelFunc
	blobs   *blobs
	digest  string
	body    io.ReadCloser
	offset  int64
	resumes int
}

func (r *resuming) doing() string {
	return fmt.Sprintf("read layer %s of %s", r.digest, r.blobs.repo.Name())
}

// connect asks for the blob from offset on.
func (r *resuming) connect() error {
	header := http.Header{}
	if r.offset > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", r.offset))
	}
	response, err := r.request(header)
	if err == nil && response.StatusCode == http.StatusRequestedRangeNotSatisfiable && r.offset > 0 {
		// Either there is no more, or the server dislikes open ranges:
		// the whole blob again answers both.
		_ = response.Body.Close()
		response, err = r.request(http.Header{})
	}
	if err != nil {
		return err
	}
	switch {
	case response.StatusCode == http.StatusPartialContent && r.offset > 0:
	case response.StatusCode == http.StatusOK:
		// A server without ranges starts again: skip what is known.
		if _, err := io.CopyN(io.Discard, response.Body, r.offset); err != nil {
			_ = response.Body.Close()
			return requestError(r.ctx, r.doing(), err)
		}
	default:
		_ = response.Body.Close()
		return statusError(r.doing(), response.StatusCode, nil)
	}
	r.body = response.Body
	return nil
}

func (r *resuming) request(header http.Header) (*http.Response, error) {
	source := remoteSource{client: r.blobs.client, repo: r.blobs.repo}
	return r.blobs.client.do(r.ctx, r.blobs.repo, source.url("blobs/"+r.digest), header, r.doing())
}

// Read reads on; a connection that breaks or falls silent is replaced.
func (r *resuming) Read(p []byte) (int, error) {
	for {
		n, err := r.readOnce(p)
		r.offset += int64(n)
		if n > 0 || err == nil {
			return n, nil
		}
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, io.EOF
		}
		if r.ctx.Err() != nil || r.resumes >= maxResumes {
			return 0, requestError(r.ctx, r.doing(), err)
		}
		r.resumes++
		r.blobs.client.Logger.Debug("layer connection broke and is resumed", "digest", r.digest, "offset", r.offset, "error", err)
		_ = r.body.Close()
		if err := r.connect(); err != nil {
			return 0, err
		}
	}
}

// readOnce reads from the current connection, which is closed when it is
// silent for longer than the client's timeout.
func (r *resuming) readOnce(p []byte) (int, error) {
	body := r.body
	stop := time.AfterFunc(r.blobs.client.Timeout, func() { _ = body.Close() })
	defer stop.Stop()
	return body.Read(p)
}

func (r *resuming) Close() error {
	r.cancel()
	return r.body.Close()
}
