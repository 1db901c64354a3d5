package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// lookUp gathers what small objects of registries tell beyond the image: what
// is attached to it, and what its base is.
func (s *Service) lookUp(ctx context.Context, policy Policy, ev *Evidence, earlier *Known) error {
	if earlier != nil && earlier.Policy == policy.Ref().Digest {
		return nil // looked up for the same policy before, and kept
	}
	needs := policy.Needs()
	for i := range ev.Images {
		img := &ev.Images[i]
		if !isImage(*img) {
			continue
		}
		img.Supply = s.attached(ctx, needs, ev, img.Digest)
		if err := s.findBase(ctx, policy, needs, ev.Reference, img); err != nil {
			return err
		}
	}
	return nil
}

// attached finds signatures and attestations where the policy has a word to say
// about them.
func (s *Service) attached(ctx context.Context, needs Needs, ev *Evidence, digest string) *Supply {
	if !needs.Supply || s.Attachments == nil || ev.Reference.Repository == "" {
		return nil
	}
	subject := AttachmentSubject{Repository: ev.Reference.Repository, Digest: digest, Index: ev.Digest}
	for _, e := range ev.Index {
		if e.Role == "attestation" && (e.For == digest || e.For == "") {
			subject.Attestations = append(subject.Attestations, e.Digest)
		}
	}
	supply := s.Attachments.Attached(ctx, subject)
	if s.Keys != nil && len(needs.SupplyKeys) > 0 {
		for i := range supply.Attachments {
			a := &supply.Attachments[i]
			if a.Envelope != nil {
				a.Verified = s.Keys.Envelope(needs.SupplyKeys, a.Envelope)
			}
		}
	}
	return supply
}

// findBase compares an image with the policy's approved bases and with those it
// claims. An approved base whose registry is away is no reason to call an
// image's base wrong: the error may be tried again.
func (s *Service) findBase(ctx context.Context, policy Policy, needs Needs, ref Reference, img *ImageEvidence) error {
	claims := BaseClaims(*img)
	if s.Bases == nil {
		img.Base = IdentifyBase(*img, nil, claims, nil)
		return nil
	}
	var approved []KnownBase
	if len(needs.Bases) > 0 {
		approved = s.Bases.Known(ctx, needs.Bases, img.Platform)
	}
	claimed := make([][]KnownBase, len(claims))
	for i := range claims {
		claimed[i] = s.claimed(ctx, needs, ref, &claims[i], img.Platform)
	}
	b := IdentifyBase(*img, approved, claims, claimed)
	img.Base = b
	for _, k := range approved {
		if k.Retryable && b.Proof != ProofProven {
			return NewError(CodeUnavailable, fmt.Sprintf("the approved base %s could not be compared with %s: %s", k.Reference, ref, k.Problem), nil)
		}
	}
	if b.Proof.Rank() >= ProofMatched.Rank() {
		b.Newest = s.newest(ctx, needs, ref, img, approved)
		return s.baseSignature(ctx, policy, b)
	}
	return nil
}

// claimed reads the image a claim names, where the policy lets the gate look:
// the text is an image author's, and must not send requests anywhere.
func (s *Service) claimed(ctx context.Context, needs Needs, ref Reference, c *BaseClaim, platform string) []KnownBase {
	name := c.Reference
	if c.Digest != "" {
		name += "@" + c.Digest
	}
	parsed, err := ParseReference(name)
	switch {
	case c.Reference == "":
		c.Problem = "it names a digest and no repository"
	case err != nil || parsed.Scheme != SchemeRegistry:
		c.Problem = "it is not an image reference"
	case !mayLookUp(needs, ref, parsed):
		c.Problem = fmt.Sprintf("claims are not looked up at %s: base.lookUp of the policy names where they are", parsed.Host())
	default:
		known := s.Bases.Known(ctx, []string{name}, platform)
		// Tools that keep layers uncompressed claim a digest of their own,
		// which no registry has; layers prove the base all the same.
		if c.Digest != "" && parsed.Tag != "" && len(known) == 1 && known[0].Problem != "" && !known[0].Retryable {
			known = append(known, s.Bases.Known(ctx, []string{c.Reference}, platform)...)
		}
		return known
	}
	return nil
}

// mayLookUp allows the image's own registry, those of approved bases, and those
// the policy names.
func mayLookUp(needs Needs, image, base Reference) bool {
	return (image.Repository != "" && base.Host() == image.Host()) || slices.Contains(needs.LookUp, base.Host()) ||
		slices.ContainsFunc(needs.Bases, func(s string) bool {
			approved, err := ParseReference(s)
			return err == nil && approved.Host() == base.Host()
		})
}

// newest is what the base's tag names now, where that is another build: other
// layers, since a digest may be an index's or an image's.
func (s *Service) newest(ctx context.Context, needs Needs, image Reference, img *ImageEvidence, approved []KnownBase) *NewestBase {
	b := img.Base
	ref, err := ParseReference(b.Reference)
	if err != nil || ref.Tag == "" || b.Layers == 0 {
		return nil // pinned by digest: no tag, no newer build of it
	}
	tag, diffIDs := ref.Repository+":"+ref.Tag, img.Config.DiffIDs[:b.Layers]
	known := approved
	if b.Proof != ProofProven {
		if !mayLookUp(needs, image, ref) {
			return nil
		}
		known = s.Bases.Known(ctx, []string{tag}, img.Platform)
	}
	for _, k := range known {
		if k.Reference == tag && !k.Past && k.Problem == "" && !slices.Equal(k.DiffIDs, diffIDs) {
			return &NewestBase{Reference: tag, Digest: k.Digest, Created: k.Created}
		}
	}
	return nil
}

// baseSignature verifies the base's own signature where the policy expects one.
func (s *Service) baseSignature(ctx context.Context, policy Policy, b *Base) error {
	ref, err := ParseReference(b.Reference)
	if err != nil || s.Keys == nil || b.Digest == "" {
		return nil //nolint:nilerr // a base without a name has no signature to look for
	}
	keys := policy.BaseKeys(ref)
	if len(keys) == 0 {
		return nil
	}
	by, reason, err := s.Keys.SignedBy(ctx, keys, ref.Repository, b.Digest)
	switch {
	case err != nil && Retryable(err):
		return err
	case err != nil:
		b.Signature = &BaseSignature{Problem: message(err)}
	default:
		b.Signature = &BaseSignature{Verified: by != "", By: by, Problem: reason}
	}
	return nil
}

// rebuild scans the newest build of an image's base where the verdict fails for
// what the base brought, so that the report can say what a rebuild would mend.
// Nothing that goes wrong here changes the decision.
func (s *Service) rebuild(ctx context.Context, v Verdict, ev *Evidence, report Report) (scanned bool) {
	for i := range ev.Images {
		img := &ev.Images[i]
		b := img.Base
		if b == nil || b.Newest == nil || b.Newest.Scanned || !slices.ContainsFunc(v.Violations, func(f Violation) bool {
			return f.Platform == img.Platform && f.Vulnerability != nil && f.Origin == OriginBase
		}) {
			continue
		}
		found, err := s.scanBase(ctx, b.Newest, img.Platform, report)
		if err != nil {
			b.Newest.Problem = message(err)
			continue
		}
		b.Newest.Scanned, b.Newest.Vulnerabilities = true, found
		scanned = true
	}
	return scanned
}

func (s *Service) scanBase(ctx context.Context, n *NewestBase, platform string, report Report) ([]string, error) {
	ref, err := ParseReference(n.Reference)
	if err != nil {
		return nil, err
	}
	if ref, err = ParseReference(ref.At(n.Digest)); err != nil {
		return nil, err
	}
	resolved, err := s.Resolver.Resolve(ctx, ref, []string{platform})
	if err != nil {
		return nil, err
	}
	defer closeBlobs(resolved)
	img := resolved.Images[0]
	analysis, err := s.Analyzer.Analyze(ctx, img, report)
	if err != nil {
		return nil, err
	}
	if err := verifyAnalysis(img, analysis); err != nil {
		return nil, err
	}
	if !analysis.Contents.Complete || len(analysis.Scan.Problems) > 0 {
		return nil, NewError(CodeInternal, "the newest build of the base could not be scanned whole", nil)
	}
	found := []string{}
	for _, v := range analysis.Scan.Vulnerabilities {
		found = append(found, v.Key())
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// Key names a vulnerability in a package, whatever its version.
func (v *Vulnerability) Key() string { return v.ID + " " + v.Package }

// Host is the registry of the reference; empty for local sources.
func (r Reference) Host() string {
	host, _, _ := strings.Cut(r.Repository, "/")
	return host
}
