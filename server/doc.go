// Package server is the gate's REST interface. openapi.yaml is the contract:
// routes and request types are generated from it, and every request is held
// against it before a handler sees it.
package server

//go:generate go tool oapi-codegen -config oapi.yaml openapi.yaml
