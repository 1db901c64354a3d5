package server

import (
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/identity"
)

// mayRead reports whether the caller of a request may read about an image.
func (s *Server) mayRead(c *gin.Context, image string) bool {
	caller := callerOf(c)
	return caller.Everything() || caller.May(identity.Ask{Verb: identity.Read, Repository: repositoryOf(image)})
}

// readable leaves out the verdicts on images that the caller may not read
// about: one digest is in many repositories.
func (s *Server) readable(c *gin.Context, history []gate.Verdict) []gate.Verdict {
	return slices.DeleteFunc(history, func(v gate.Verdict) bool { return !s.mayRead(c, v.Image) })
}

// deepHistory is how many verdicts of a digest are looked through for one that
// the caller may read.
const deepHistory = 1000

// newest is the newest verdict of a digest that the caller may read. What there
// is beyond it is answered like what there is not: CodeNotFound.
func (s *Server) newest(c *gin.Context, digest string) (*gate.Verdict, error) {
	v, err := s.Images.Latest(c.Request.Context(), digest, "")
	if err != nil {
		return nil, err
	}
	if v != nil && s.mayRead(c, v.Image) {
		return v, nil
	}
	if v != nil {
		history, err := s.Images.History(c.Request.Context(), digest, deepHistory)
		if err != nil {
			return nil, err
		}
		if history = s.readable(c, history); len(history) > 0 {
			return &history[0], nil
		}
		s.denied(c, identity.Entry{Verb: identity.Read, Repository: repositoryOf(v.Image), Subject: digest})
	}
	return nil, gate.NewError(gate.CodeNotFound, digest+" was never evaluated: ask with POST /v1/evaluations", nil)
}

// The bounds of what is looked through for a page of what a caller may read.
const (
	lookThrough = 500 // at once
	lookRounds  = 40
)

// listReadable lists evaluations as Evaluations.List does, and leaves out those
// the caller may not read. It fills the page with what comes after them: a page
// that says there is more would tell of what is left out.
func (s *Server) listReadable(c *gin.Context, f gate.Filter, after *gate.Position, limit int) ([]gate.Listed, error) {
	if callerOf(c).Everything() {
		return s.Evaluations.List(c.Request.Context(), f, after, limit)
	}
	out := []gate.Listed{}
	for range lookRounds {
		items, err := s.Evaluations.List(c.Request.Context(), f, after, lookThrough)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if s.mayRead(c, item.Image) {
				out = append(out, item)
			}
			if len(out) == limit {
				return out, nil
			}
		}
		if len(items) < lookThrough {
			return out, nil
		}
		at := items[len(items)-1].Position()
		after = &at
	}
	return nil, gate.NewError(gate.CodeInvalid, "there is much between what you may read: narrow the list with image, such as registry.example/team/**, or since", nil)
}

// allowImages holds the images of a workload report against the caller's right
// to read about them, and answers where one is missing.
func (s *Server) allowImages(c *gin.Context, report gate.WorkloadReport) bool {
	if callerOf(c).Everything() {
		return true
	}
	for _, i := range report.Images {
		// What is no reference was never looked up.
		if repository := repositoryOf(i.Image); repository != "" && !s.allow(c, identity.Read, repository) {
			return false
		}
	}
	return true
}
