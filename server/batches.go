package server

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxBatch bounds the body of CreateBatch in bytes: a hundred references of the
// longest, with room for their spelling in JSON.
const maxBatch = 256 << 10

// CreateBatch is POST /v1/evaluations:batch.
func (s *Server) CreateBatch(c *gin.Context, params CreateBatchParams) {
	var body BatchRequest
	if err := decode(c, &body); err != nil {
		s.problem(c, err)
		return
	}
	var requests []gate.Request
	for i, image := range body.Images {
		if _, err := remote(image); err != nil {
			s.problem(c, inBatch(err, i))
			return
		}
		requests = append(requests, gate.Request{Image: image, Policy: deref(body.Policy), Sign: deref(body.Sign), Full: deref(body.Full), Platforms: deref(body.Platforms), Caller: callerOf(c).Name})
	}
	accepted, err := s.Evaluations.SubmitAll(c.Request.Context(), requests, deref(params.IdempotencyKey))
	if err == nil && len(accepted) != len(requests) {
		err = gate.NewError(gate.CodeInternal, fmt.Sprintf("a batch of %d was accepted as %d evaluations", len(requests), len(accepted)), nil)
	}
	if err != nil {
		s.problem(c, err)
		return
	}
	out := batch{Items: []batchItem{}}
	for i, e := range accepted {
		out.Items = append(out.Items, batchItem{Image: requests[i].Image, ID: e.ID, Location: "/v1/evaluations/" + e.ID, State: e.State})
	}
	c.Header("Retry-After", "1")
	respond(c, http.StatusAccepted, out)
}

// inBatch says which image of a batch an error is about.
func inBatch(err error, i int) error {
	var known *gate.Error
	if !errors.As(err, &known) {
		return err
	}
	return gate.NewError(known.Code, fmt.Sprintf("images[%d]: %s", i, known.Message), err)
}
