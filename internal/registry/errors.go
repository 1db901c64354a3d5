package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/imagegate/imagegate/internal/gate"
)

// requestError turns a failed request into the project's error. doing says
// what was asked, for example "read the manifest of x".
func requestError(ctx context.Context, doing string, err error) error {
	var known *gate.Error
	if errors.As(err, &known) {
		return err
	}
	if refused := refusedAddress(err); refused != nil {
		return gate.NewError(gate.CodeInvalid, "cannot "+doing+": "+refused.Error(), nil)
	}
	if ctx.Err() != nil {
		return gate.NewError(gate.CodeUnavailable, "there was no time left to "+doing, ctx.Err())
	}
	var t *transport.Error
	if errors.As(err, &t) {
		return statusError(doing, t.StatusCode, diagnosis(t))
	}
	return gate.NewError(gate.CodeUnavailable, "cannot "+doing+": the registry did not answer", err)
}

func diagnosis(t *transport.Error) error {
	if len(t.Errors) == 0 {
		return nil
	}
	return fmt.Errorf("%s %s", t.Errors[0].Code, t.Errors[0].Message)
}

// statusError is the error of an HTTP status.
func statusError(doing string, status int, cause error) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return gate.NewError(gate.CodeUnauthorized, fmt.Sprintf("not allowed to %s (status %d): check the registry credentials, or whether it exists", doing, status), cause)
	case http.StatusNotFound:
		return gate.NewError(gate.CodeNotFound, fmt.Sprintf("cannot %s: the registry does not have it", doing), cause)
	case http.StatusTooManyRequests:
		return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("cannot %s: the registry limits requests and said so again after retries", doing), cause)
	}
	return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("cannot %s: the registry answered with status %d", doing, status), cause)
}
