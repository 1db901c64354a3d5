package demo

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Image is one of the demo's images in its registry.
type Image struct {
	Name      string // "deleted-secret"
	Reference string // with its tag
	// Repository and Digest name the same without the tag.
	Repository string
	Digest     string
	// Lesson is what it shows.
	Lesson string
	// Policy is the policy to ask for; empty for the default.
	Policy string
}

// Registry is a registry on loopback, in this process, that forgets.
type Registry struct {
	Host   string
	server *http.Server
}

// StartRegistry starts one. It speaks HTTP/1.1: go-containerregistry's registry
// hangs when two large uploads share an HTTP/2 connection.
func StartRegistry() (*Registry, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("no port of 127.0.0.1 is free for the demo's registry: %w", err)
	}
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	r := &Registry{
		Host:   l.Addr().String(),
		server: &http.Server{Handler: registry.New(registry.WithReferrersSupport(true), registry.Logger(quiet)), ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet},
	}
	go func() { _ = r.server.Serve(l) }() // ends with Close
	return r, nil
}

// Close ends it.
func (r *Registry) Close() { _ = r.server.Close() }

// Push makes the demo's images and puts them into the registry.
func (r *Registry) Push(ctx context.Context) ([]Image, error) {
	var images []Image
	for _, s := range specimens() {
		made, err := s.make()
		if err != nil {
			return nil, fmt.Errorf("making the image %s: %w", s.name, err)
		}
		tag, err := name.NewTag(r.Host + "/demo/" + s.name + ":1")
		if err != nil {
			return nil, err
		}
		switch image := made.(type) {
		case v1.ImageIndex:
			err = remote.WriteIndex(tag, image, remote.WithContext(ctx))
		case v1.Image:
			err = remote.Write(tag, image, remote.WithContext(ctx))
		}
		if err != nil {
			return nil, fmt.Errorf("pushing the image %s: %w", s.name, err)
		}
		digest, err := made.Digest()
		if err != nil {
			return nil, err
		}
		images = append(images, Image{Name: s.name, Reference: tag.Name(), Repository: tag.Context().Name(), Digest: digest.String(), Lesson: s.lesson, Policy: s.policy})
	}
	return images, nil
}
