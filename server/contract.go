package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxBody bounds a request's body in bytes.
const maxBody = 64 << 10

// contract holds requests against openapi.yaml.
type contract struct {
	document *openapi3.T
	router   routers.Router
}

func newContract(document []byte) (*contract, error) {
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true // the page shows parts in their order
	doc, err := loader.LoadFromData(document)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	router, err := gorillamux.NewRouter(doc)
	return &contract{doc, router}, err
}

// check says in words what is wrong with a request; nil when nothing is.
func (c *contract) check(r *http.Request) error {
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		// Passing it on would pass on a request that nothing has looked at.
		return gate.NewError(gate.CodeNotFound, "there is nothing at "+printable(r.URL.Path)+": write the path as /openapi.yaml does", nil)
	}
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
	})
	if err == nil {
		return nil
	}
	var request *openapi3filter.RequestError
	var schema *openapi3.SchemaError
	where, what := "the request", err.Error()
	if errors.As(err, &request) {
		what = request.Reason
		if request.Parameter != nil {
			where = request.Parameter.In + " parameter " + request.Parameter.Name
		} else if request.RequestBody != nil {
			where = "the body"
		}
		if what == "" && request.Err != nil {
			what = request.Err.Error()
		}
	}
	if errors.As(err, &schema) {
		what = schema.Reason
		if path := strings.Join(schema.JSONPointer(), "."); path != "" {
			where += ", field " + path
		}
	}
	return gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s: %s", where, printable(what)), nil)
}

// validate lets only requests through that the contract allows. Those without
// a route are answered as such, whatever else is wrong with them.
func (s *Server) validate(c *gin.Context) {
	if c.FullPath() == "" {
		return
	}
	// The routes were chosen by the decoded path. The contract prefers the path
	// as it was sent, and would neither know "/v1/%65valuations" nor see a digest
	// in "sha256%3A…".
	c.Request.URL.RawPath = ""
	if c.Request.Method == http.MethodPost {
		if err := boundBody(c, bounds[c.FullPath()]); err != nil {
			s.problem(c, err)
			return
		}
	}
	if err := s.contract.check(c.Request); err != nil {
		s.problem(c, err)
	}
}

// bounds are the routes whose bodies may be longer than maxBody, in bytes.
var bounds = map[string]int64{"/v1/workloads:check": maxManifests, "/v1/evaluations:batch": maxBatch}

// boundBody reads the body, which must be JSON and within its bound, so that it
// can be read again.
func boundBody(c *gin.Context, bound int64) error {
	bound = max(bound, maxBody)
	if t, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || t != "application/json" {
		return gate.NewError(gate.CodeInvalid, "the body must be sent as Content-Type: application/json", nil)
	}
	body, err := io.ReadAll(io.LimitReader(c.Request.Body, bound+1))
	if err != nil {
		return gate.NewError(gate.CodeInvalid, "the body could not be read to its end", nil)
	}
	if int64(len(body)) > bound {
		return gate.NewError(gate.CodeLimit, fmt.Sprintf("the body is longer than %d bytes", bound), nil)
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// printable bounds text that came with the request, for answers and logs.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}
