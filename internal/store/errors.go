package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// unavailable says what is wrong with the database, and what to do.
func (s *Store) unavailable(err error) error {
	var known *gate.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return gate.NewError(gate.CodeUnavailable, "the database "+s.path+" did not answer in time", err)
	}
	mend := "see the log, and try again"
	switch text := err.Error(); {
	case strings.Contains(text, "disk is full"), strings.Contains(text, "disk I/O"):
		mend = "free space on its file system, or move it with --data"
	case strings.Contains(text, "not a database"), strings.Contains(text, "malformed"):
		mend = "it is damaged: restore it from a backup, or move it away to begin anew"
	case strings.Contains(text, "readonly"), strings.Contains(text, "unable to open"):
		mend = "give the process the right to write it and its directory"
	case strings.Contains(text, "locked"), strings.Contains(text, "busy"):
		mend = "another process holds it for long: end that one, or try again"
	}
	return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the database %s cannot be used: %s", s.path, mend), err)
}
