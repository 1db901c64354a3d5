package sign

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sigstore/cosign/v2/pkg/oci"

	"github.com/imagegate/imagegate/internal/gate"
)

// Options say with what and how to sign.
type Options struct {
	Key    *Key
	Layout Layout // empty: both
	Remote Remote
	// Insecure are hosts that speak plain HTTP; loopback always may.
	Insecure []string
}

// Signer signs digests. It implements gate.Signer.
type Signer struct {
	Options
	mu sync.Mutex // guards busy
	// busy holds a channel for each digest that is being signed, closed when
	// that is over: one at a time, so that the rest find the signature made.
	busy map[string]chan struct{}
}

// New makes a signer.
func New(o Options) (*Signer, error) {
	if o.Layout == "" {
		o.Layout = LayoutBoth
	}
	if !slices.Contains([]Layout{LayoutTag, LayoutBundle, LayoutBoth}, o.Layout) {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the signature layout %q is none of sig, bundle, both", o.Layout), nil)
	}
	if o.Key == nil {
		return nil, gate.NewError(gate.CodeInvalid, "there is no signing key", nil)
	}
	return &Signer{Options: o, busy: map[string]chan struct{}{}}, nil
}

// writes is how often a signature is written until it stays: other writers of
// the same tag, who read before and write after us, take it away again.
const writes = 8

// Sign implements gate.Signer. What is signed already is left as it is; what
// was half signed is completed.
func (s *Signer) Sign(ctx context.Context, req gate.SignRequest) (string, error) {
	t, err := newTarget(ctx, s.Remote, s.Insecure, req.Repository, req.Digest)
	if err != nil {
		return "", err
	}
	unlock, err := s.lock(ctx, t.digest.String())
	if err != nil {
		return "", err
	}
	defer unlock()
	p := pass{target: t, key: s.Key, annotations: req.Annotations, others: map[string]oci.Signature{}}
	for range writes {
		wrote := false
		if s.Layout != LayoutBundle {
			if wrote, err = p.tag(); err != nil {
				return "", err
			}
		}
		if s.Layout != LayoutTag {
			more, err := p.referrers()
			if err != nil {
				return "", err
			}
			wrote = wrote || more
		}
		if !wrote {
			return strings.Join(p.references(s.Layout), " "), nil
		}
		if err := pause(ctx); err != nil {
			return "", err
		}
	}
	return "", gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the signature of %s was written %d times and other writers took it away each time: try again", t.digest, writes), nil)
}

// lock waits until nobody else in this process signs the digest.
func (s *Signer) lock(ctx context.Context, digest string) (unlock func(), err error) {
	for {
		s.mu.Lock()
		wait := s.busy[digest]
		if wait == nil {
			mine := make(chan struct{})
			s.busy[digest] = mine
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				delete(s.busy, digest)
				s.mu.Unlock()
				close(mine)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, gate.NewError(gate.CodeUnavailable, "signing "+digest+" waited too long for another request that signs it", ctx.Err())
		}
	}
}

// pass is the work on one digest: look, write what is missing, look again.
type pass struct {
	*target
	key         *Key
	annotations map[string]string
	// made are our signatures, made once; others are those of third parties
	// that were seen under the tag.
	madeTag    oci.Signature
	madeBundle []byte
	others     map[string]oci.Signature
	referrer   string
}

// tag makes sure that a signature of ours is under the .sig tag, and that no
// other that was seen there is lost. wrote is false when nothing was missing.
func (p *pass) tag() (wrote bool, err error) {
	found, err := p.readTag()
	if err != nil {
		return false, err
	}
	here := map[string]bool{}
	for _, sig := range found {
		id := identify(sig)
		here[id], p.others[id] = true, sig
	}
	var missing []oci.Signature
	if !p.verifyTag(found, p.key.signer) {
		if p.madeTag == nil {
			if p.madeTag, err = p.makeTag(p.key, p.annotations); err != nil {
				return false, err
			}
		}
		missing = append(missing, p.madeTag)
	}
	for id, sig := range p.others {
		if !here[id] && !p.verifyOne(sig, p.key.signer) {
			missing = append(missing, sig)
		}
	}
	if len(missing) == 0 {
		return false, nil
	}
	return true, p.writeTag(missing...)
}

// bundle makes sure that a bundle of ours is among the referrers.
func (p *pass) referrers() (wrote bool, err error) {
	found, err := p.verify(p.key.signer, LayoutBundle)
	if err != nil || found.Verified {
		return false, err
	}
	if p.madeBundle == nil {
		if p.madeBundle, err = p.makeBundle(p.key, p.annotations); err != nil {
			return false, err
		}
	}
	p.referrer, err = p.writeBundle(p.madeBundle)
	return true, err
}

// references name where the signature is.
func (p *pass) references(layout Layout) []string {
	var out []string
	if layout != LayoutBundle {
		out = append(out, p.tagName())
	}
	switch {
	case layout == LayoutTag:
	case p.referrer != "":
		out = append(out, p.referrer)
	default:
		out = append(out, "referrer of "+p.digest.String())
	}
	return out
}

// identify tells signatures apart.
func identify(s oci.Signature) string {
	digest, err := s.Digest()
	if err != nil {
		return ""
	}
	encoded, err := s.Base64Signature()
	if err != nil {
		return ""
	}
	return digest.String() + " " + encoded
}

// pause waits long enough for another writer to have finished, differently
// each time.
func pause(ctx context.Context) error {
	timer := time.NewTimer(100*time.Millisecond + rand.N(150*time.Millisecond)) //nolint:gosec // spreads writers, guards nothing
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return gate.NewError(gate.CodeUnavailable, "signing was cut short", ctx.Err())
	}
}
