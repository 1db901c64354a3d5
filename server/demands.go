package server

import (
	"bytes"
	"fmt"
	"io"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/identity"
)

// peek decodes the body as the handler will, and leaves it to be read again.
// The contract has bounded it.
func peek(c *gin.Context, into any) error {
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return gate.NewError(gate.CodeInvalid, "the body could not be read to its end", nil)
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	err = decode(c, into)
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	return err
}

// repositoryOf is the repository of an image that was asked for; empty for what
// is in none.
func repositoryOf(image string) string {
	ref, err := gate.ParseReference(image)
	if err != nil {
		return ""
	}
	return ref.Repository
}

// anyOf needs a verb on any repository.
func anyOf(v identity.Verb) func(*Server, *gin.Context) (demand, error) {
	return func(*Server, *gin.Context) (demand, error) {
		return demand{needs: []need{{Ask: identity.Ask{Verb: v}, scope: some}}}, nil
	}
}

func (s *Server) evaluating(c *gin.Context) (d demand, err error) {
	var body EvaluationRequest
	if err = peek(c, &body); err == nil {
		err = d.evaluate(body.Image, deref(body.Policy), deref(body.Sign))
	}
	return d, err
}

// evaluate adds what an evaluation needs.
func (d *demand) evaluate(image, policy string, sign bool) error {
	ref, err := remote(image)
	if err != nil {
		return err
	}
	a := identity.Ask{Verb: identity.Evaluate, Repository: ref.Repository, Policy: policy}
	d.needs = append(d.needs, need{Ask: a})
	if sign {
		a.Verb = identity.Sign
		d.needs = append(d.needs, need{Ask: a})
	}
	return nil
}

func (s *Server) evaluatingAll(c *gin.Context) (d demand, err error) {
	var body BatchRequest
	if err := peek(c, &body); err != nil {
		return d, err
	}
	for i, image := range body.Images {
		if err := d.evaluate(image, deref(body.Policy), deref(body.Sign)); err != nil {
			return d, inBatch(err, i)
		}
	}
	return d, nil
}

// ofEvaluation needs a verb on the repository of an evaluation.
func ofEvaluation(v identity.Verb) func(*Server, *gin.Context) (demand, error) {
	return func(s *Server, c *gin.Context) (demand, error) {
		id := c.Param("id")
		d := demand{subject: id, absent: gate.NewError(gate.CodeNotFound, fmt.Sprintf("there is no evaluation %.100q", id), nil)}
		e, err := s.Evaluations.Get(c.Request.Context(), id, 0)
		if gate.CodeOf(err) == gate.CodeNotFound {
			return d, d.absent
		}
		if err != nil {
			return d, err
		}
		image := e.Request.Image
		if e.Verdict != nil {
			image = e.Verdict.Image
		}
		d.needs = []need{{Ask: identity.Ask{Verb: v, Repository: repositoryOf(image)}}}
		return d, nil
	}
}

func (s *Server) signing(c *gin.Context) (demand, error) {
	var body SignatureRequest
	if err := peek(c, &body); err != nil {
		return demand{}, err
	}
	ref, err := remote(body.Repository + "@" + body.Digest)
	if err != nil {
		return demand{}, err
	}
	return demand{subject: ref.Digest, needs: []need{{Ask: identity.Ask{Verb: identity.Sign, Repository: ref.Repository, Policy: deref(body.Policy)}}}}, nil
}

func (s *Server) verifying(c *gin.Context) (demand, error) {
	var body VerificationRequest
	if err := peek(c, &body); err != nil {
		return demand{}, err
	}
	ref, err := remote(body.Image)
	if err != nil {
		return demand{}, err
	}
	return demand{needs: []need{{Ask: identity.Ask{Verb: identity.Read, Repository: ref.Repository, Policy: deref(body.Policy)}}}}, nil
}

func (s *Server) rescanning(c *gin.Context) (demand, error) {
	var body RescanRequest
	if err := peek(c, &body); err != nil {
		return demand{}, err
	}
	return demand{needs: []need{{Ask: identity.Ask{Verb: identity.Rescan, Repository: deref(body.Pattern)}, scope: all}}}, nil
}

// rescan needs the right to have begun the rescan, which lists images of all
// its repositories.
func (s *Server) rescan(c *gin.Context) (demand, error) {
	id := c.Param("id")
	d := demand{subject: id, absent: gate.NewError(gate.CodeNotFound, fmt.Sprintf("there is no rescan %.100q", id), nil)}
	r, err := s.Rescans.Get(c.Request.Context(), id, 0)
	if gate.CodeOf(err) == gate.CodeNotFound {
		return d, d.absent
	}
	d.needs = []need{{Ask: identity.Ask{Verb: identity.Rescan, Repository: r.Pattern}, scope: all}}
	return d, err
}
