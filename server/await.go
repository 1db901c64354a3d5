package server

import (
	"context"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// await gets an evaluation when it is done, or as it stands after wait. A
// server that is about to end waits no longer: the caller is told how far the
// evaluation is and asks the next server, instead of losing its connection.
func (s *Server) await(ctx context.Context, id string, wait time.Duration) (gate.Evaluation, error) {
	if wait <= 0 {
		return s.Evaluations.Get(ctx, id, 0)
	}
	waiting, stop := s.untilDraining(ctx)
	defer stop()
	e, err := s.Evaluations.Get(waiting, id, wait)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return s.Evaluations.Get(ctx, id, 0) // it took our stop for an error
	}
	return e, err
}

// untilDraining is ctx, ended early when the server is about to end. stop ends
// its goroutine, too.
func (s *Server) untilDraining(ctx context.Context) (waiting context.Context, stop context.CancelFunc) {
	waiting, stop = context.WithCancel(ctx)
	go func() {
		select {
		case <-s.draining:
			stop()
		case <-waiting.Done():
		}
	}()
	return waiting, stop
}
