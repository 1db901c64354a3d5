package gate

import (
	"context"
	"errors"
)

// Code says what kind of failure an Error is. The edge (HTTP, command line)
// maps it; nothing else interprets it.
type Code string

// The codes. Only CodeUnavailable and CodeBusy may be tried again as is.
const (
	CodeInvalid      Code = "invalid"      // the caller's input cannot be used
	CodeUnauthorized Code = "unauthorized" // credentials are missing or refused
	CodeNotFound     Code = "not_found"    // there is no such image, evaluation or policy
	CodeConflict     Code = "conflict"     // the state forbids it, for example signing what did not pass
	CodeUnavailable  Code = "unavailable"  // something the gate depends on did not answer
	CodeLimit        Code = "limit"        // a bound of the gate was reached
	CodeBusy         Code = "busy"         // too much waits already
	CodeInternal     Code = "internal"     // a defect of the gate
)

// Error is the project's one error type: a code for the edge, a message for
// the person who must act (what was being done, to which image, what to do
// next), and the cause for the operator's log. Messages never hold secrets.
type Error struct {
	Code    Code
	Message string
	Cause   error
}

// NewError makes an Error; cause may be nil.
func NewError(code Code, message string, cause error) *Error {
	return &Error{Code: code, Message: message, Cause: cause}
}

// Error is the message, followed by the cause where there is one.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.Cause.Error()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// CodeOf is the code of the outermost Error in err's chain. Timeouts and
// cancellations count as CodeUnavailable; what has no code is CodeInternal.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return CodeUnavailable
	}
	return CodeInternal
}

// Retryable reports whether the same call may succeed later.
func Retryable(err error) bool {
	code := CodeOf(err)
	return code == CodeUnavailable || code == CodeBusy
}
