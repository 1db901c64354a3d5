package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/imagegate/imagegate/internal/bench/fixture"
	"github.com/imagegate/imagegate/internal/gate"
)

// subject is one image in the registry.
type subject struct {
	repository string // "bulk-a/app"
	tag        string
	digest     string
	expect     gate.Decision
}

func (s *subject) byTag(host string) string    { return host + "/" + s.repository + ":" + s.tag }
func (s *subject) byDigest(host string) string { return host + "/" + s.repository + "@" + s.digest }

// bases are layers that many images share: most have nothing wrong, the last
// two have a package with a vulnerability that the database knows.
type bases struct{ good, vulnerable []v1.Layer }

func newBases() (b bases, err error) {
	for i := range 6 {
		l := fixture.NewLayer()
		packages := []string{"base-files 12.4+deb12u8", fmt.Sprintf("soak-%d 1.%d-1", i, i)}
		into := &b.good
		if i >= 4 {
			packages, into = append(packages, "openssl 3.0.9-1"), &b.vulnerable
		}
		l.Distribution(packages...)
		for n := range 60 {
			l.File(fmt.Sprintf("usr/share/soak/%d", n), 0o644, []byte(strings.Repeat(fmt.Sprintf("file %d of base %d\n", n, i), 400)))
		}
		blob, err := l.Blob()
		if err != nil {
			return b, err
		}
		*into = append(*into, blob)
	}
	return b, nil
}

// bigLayer is the size of the layers that are cut in their middle, in bytes.
const bigLayer = 1 << 20

// image is the i-th: of ten, six pass, two run as root, which the config alone
// says, and two hold the vulnerable package.
func (b bases) image(i int, repository string) (*subject, v1.Image, error) {
	s := &subject{repository: repository, tag: fmt.Sprintf("v%d", i), expect: gate.Pass}
	base, user := b.good[i%len(b.good)], "65532:65532"
	switch i % 10 {
	case 3, 7:
		s.expect, user = gate.Fail, "root"
	case 4, 8:
		s.expect, base = gate.Fail, b.vulnerable[i%len(b.vulnerable)]
	}
	l := fixture.NewLayer()
	l.File("srv/app/data", 0o644, fmt.Appendf(nil, "this is image %d of %s\n", i, repository))
	if i%15 == 0 {
		noise := make([]byte, bigLayer)
		r := rand.NewChaCha8([32]byte{byte(i), byte(i >> 8), byte(len(repository))})
		_, _ = r.Read(noise) // never fails
		l.File("srv/app/noise", 0o644, noise)
	}
	own, err := l.Blob()
	if err != nil {
		return nil, nil, err
	}
	image, err := fixture.Image(base, own)
	if err != nil {
		return nil, nil, err
	}
	if image, err = fixture.Variant(image, user, "/srv/app/data", i); err != nil {
		return nil, nil, err
	}
	digest, err := image.Digest()
	s.digest = digest.String()
	return s, image, err
}

// push makes n images in a repository, straight in the registry.
func (s *stage) push(ctx context.Context, b bases, repository string, n int) ([]*subject, error) {
	out := make([]*subject, n)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i := range n {
		g.Go(func() error {
			made, image, err := b.image(i, repository)
			if err != nil {
				return err
			}
			tag, err := name.NewTag(s.registry.address() + "/" + repository + ":" + made.tag)
			if err != nil {
				return err
			}
			out[i] = made
			return remote.Write(tag, image, remote.WithContext(ctx))
		})
	}
	return out, g.Wait()
}
