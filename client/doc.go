// Package client is the Go client of the gate's REST interface, generated from
// server/openapi.yaml.
package client

//go:generate go tool oapi-codegen -config oapi.yaml ../server/openapi.yaml
