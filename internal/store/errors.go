package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// errHeld says that another process holds a lock.
var errHeld = errors.New("another process holds it")

// unavailable says what is wrong with the database, and what to do.
func (s *Store) unavailable(err error) error {
	var known *gate.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return gate.NewError(gate.CodeUnavailable, "the database "+s.name+" did not answer in time", err)
	}
	mend := s.engine.explain(err)
	if mend == "" {
		mend = "see the log, and try again"
	}
	return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the database %s cannot be used: %s", s.name, mend), err)
}
