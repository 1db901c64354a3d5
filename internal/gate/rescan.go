package gate

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Rescan decides again about images that were decided before, from what is
// kept of them, against the vulnerability database of now.
type Rescan struct {
	ID string `json:"id"`
	// Pattern says which repositories, as policies' matches do; empty means
	// all.
	Pattern   string    `json:"pattern,omitempty"`
	State     State     `json:"state"`
	CreatedAt time.Time `json:"createdAt"`
	DoneAt    time.Time `json:"doneAt,omitzero"`
	// Total is how many images there are to decide, and Done how many have
	// been; Passed, Failed and Errors are what became of those.
	Total  int `json:"total"`
	Done   int `json:"done"`
	Passed int `json:"passed"`
	Failed int `json:"failed"`
	Errors int `json:"errors"`
	// NewlyFailing are the images that were admitted until now, the first
	// thousand of them; Undecided those that could not be decided, likewise.
	NewlyFailing []RescanResult `json:"newlyFailing"`
	Undecided    []RescanResult `json:"undecided"`
}

// RescanResult is one image of a rescan.
type RescanResult struct {
	Image    string   `json:"image"` // repository@digest
	Policy   string   `json:"policy"`
	Decision Decision `json:"decision"`
	// Verdict is the id of the new verdict, which holds everything.
	Verdict string `json:"verdict,omitempty"`
	Reason  string `json:"reason,omitempty"`
	// GraceUntil is how long it stays admitted nevertheless.
	GraceUntil time.Time `json:"graceUntil,omitzero"`
}

// RescanItem is one image to decide again.
type RescanItem struct {
	Sequence int64
	// Standing is the one that has it rescanned: a pass, or a fail in grace.
	Standing Standing
}

// Rescans keeps rescans, so that one that is interrupted goes on where it was.
type Rescans interface {
	// NextRescanItems are the next undecided images, at most n.
	NextRescanItems(ctx context.Context, rescan string, n int) ([]RescanItem, error)
	// RescanDone stores what became of one.
	RescanDone(ctx context.Context, rescan string, item RescanItem, r RescanResult) error
	// FinishRescan marks it done.
	FinishRescan(ctx context.Context, rescan string) error
	// Evidence is what was observed of an image, by its digest.
	Evidence(ctx context.Context, digest string) (*Evidence, error)
	// Object is a manifest or config by its digest; CodeNotFound.
	Object(ctx context.Context, digest string) ([]byte, error)
}

// Known is what is kept of an image that was decided before.
type Known struct {
	Resolved *Resolved
	// Policy is the digest of the policy it was decided under.
	Policy string
}

// Rescan decides every image of a rescan, parallel of them at a time, and goes
// on where an earlier run ended. An image that cannot be decided is listed and
// keeps its standing. The error is the store's, or ctx's.
func (s *Service) Rescan(ctx context.Context, rescan string, store Rescans, parallel int) error {
	parallel = max(1, parallel)
	for {
		items, err := store.NextRescanItems(ctx, rescan, 50*parallel)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return store.FinishRescan(ctx, rescan)
		}
		if err := s.rescanItems(ctx, rescan, store, items, parallel); err != nil {
			return err
		}
	}
}

func (s *Service) rescanItems(ctx context.Context, rescan string, store Rescans, items []RescanItem, parallel int) error {
	todo := make(chan RescanItem)
	errs := make(chan error, parallel)
	var workers sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range parallel {
		workers.Go(func() {
			for item := range todo {
				r, err := s.again(ctx, store, item)
				if err == nil {
					err = store.RescanDone(ctx, rescan, item, r)
				}
				if err != nil {
					errs <- err
					cancel()
					return
				}
			}
		})
	}
feed:
	for _, item := range items {
		select {
		case todo <- item:
		case <-ctx.Done():
			break feed
		}
	}
	close(todo)
	workers.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return ctx.Err()
	}
}

// again decides one image. An error is the store's or ctx's; what went wrong
// with the image is in the result.
func (s *Service) again(ctx context.Context, store Rescans, item RescanItem) (RescanResult, error) {
	was := item.Standing
	out := RescanResult{Image: was.Repository + "@" + was.Digest, Policy: was.Policy.Name, Decision: Errored}
	req := Request{Image: out.Image, Policy: was.Policy.Name}
	known, err := s.recall(ctx, store, was)
	var r Recording
	if err == nil {
		r, err = s.guarded(ctx, "", req, known, func(Progress) {})
	}
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	if err != nil {
		out.Reason = message(err)
		return out, nil
	}
	r.Verdict.ID = s.NewID()
	v, err := s.record(ctx, r)
	if err != nil {
		return out, err
	}
	out.Decision, out.Verdict, out.Reason, out.GraceUntil = v.Decision, v.ID, Summary(v.Violations), v.GraceUntil
	return out, nil
}

// recall rebuilds an image from what is kept. Only layers whose analysis was
// dropped from the cache are pulled again.
func (s *Service) recall(ctx context.Context, store Rescans, was Standing) (*Known, error) {
	v, err := s.Store.Verdict(ctx, was.VerdictID)
	if err != nil {
		return nil, err
	}
	if v == nil || v.Evidence == "" {
		return nil, NewError(CodeInternal, fmt.Sprintf("the verdict %s on %s names no evidence", was.VerdictID, was.Digest), nil)
	}
	ev, err := store.Evidence(ctx, v.Evidence)
	if err != nil {
		return nil, err
	}
	out := &Resolved{Digest: ev.Digest, MediaType: ev.MediaType, Index: ev.Index}
	for _, img := range ev.Images {
		rawManifest, err := store.Object(ctx, img.Digest)
		if err != nil {
			return nil, err
		}
		rawConfig, err := store.Object(ctx, img.Manifest.Config.Digest)
		if err != nil {
			return nil, err
		}
		img.Contents, img.Scan = nil, nil
		out.Images = append(out.Images, Image{
			Repository: was.Repository, Digest: img.Digest, RawManifest: rawManifest, RawConfig: rawConfig, Evidence: img, Blobs: s.Layers(was.Repository),
		})
	}
	return &Known{Resolved: out, Policy: was.Policy.Digest}, nil
}
