// Package policies holds the policy files that ship with the gate.
package policies

import "embed"

// Files are the policy files.
//
//go:embed *.yaml
var Files embed.FS

// Names are the files in the order in which they are listed.
var Names = [...]string{"default.yaml", "strict.yaml", "guide.yaml"}
