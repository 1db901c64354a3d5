// Package audit holds Kubernetes manifests against a catalogue of workload
// checks: one file a check, with what it looks for, why, and one table test
// beside it. It never asks a cluster or a registry; what it needs to know of
// images is handed in.
package audit

import (
	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// Check is one entry of the catalogue.
type Check struct {
	ID       string // stable, for example "W-04"
	Name     string // stable, for example "readonly-rootfs"
	Severity gate.Severity
	Doc      Doc
	// Decide is pure. It returns nothing when there is nothing to say.
	Decide func(Input) []Finding
}

// Doc explains a check to the person it stops. docs/workload-checks.md is made
// of it.
type Doc struct {
	What    string // what is examined, one sentence
	Why     string // what goes wrong otherwise
	Example string // a manifest that fails, and one that does not
	Fix     string // how to mend it
	// Controls are corresponding controls, for example "CIS Kubernetes 5.2.6".
	Controls []string
}

// Input is what a check reads.
type Input struct {
	// Objects are what is audited.
	Objects []*manifest.Object
	// Context holds further objects of the same cluster (namespaces, network
	// policies, service accounts …) that explain Objects and are not judged
	// themselves.
	Context []*manifest.Object
	Options Options
}

// Options say what to hold objects against.
type Options struct {
	// PodSecurityVersion pins the rules of the Pod Security Standards, for
	// example "v1.34"; empty means the version this gate was tested with.
	PodSecurityVersion string
	// AllowedRegistries are registries or repositories whose images may run,
	// compared by path component; empty allows all.
	AllowedRegistries []string
	// Images tells what the gate knows of an image; nil when it was not asked.
	Images func(reference string) (ImageFacts, bool)
}

// ImageFacts is what the gate decided about an image.
type ImageFacts struct {
	Digest string
	// Decision is that of the newest unexpired verdict; empty when there is none.
	Decision gate.Decision
	// User is the image's effective user; nil when it is not known.
	User *gate.User
	// Volumes are the paths that the image declares as volumes.
	Volumes []string
}

// Finding is one thing that is wrong, where, and how to mend it. Report fills
// in what a check leaves empty: Check, Severity, and the object's identity.
type Finding struct {
	Check    string        `json:"check"`
	Severity gate.Severity `json:"severity"`
	// Outcome is "unknown" when the objects at hand cannot tell, for example
	// because the namespace is not among them; empty otherwise.
	Outcome   string `json:"outcome,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	Container string `json:"container,omitempty"`
	Message   string `json:"message"`
	Fix       string `json:"fix,omitempty"`
	// File and Line are where the field stands, or would have to; Line counts
	// from 1 and is 0 where there are no lines.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// Field is the path of the field at fault, for example
	// "spec.template.spec.containers[0].securityContext".
	Field string `json:"field,omitempty"`
	// Patch is a JSON patch (RFC 6902) of the object that mends the finding,
	// where one is certain to be right; empty otherwise.
	Patch []Operation `json:"patch,omitempty"`
	// Object is what the finding is about.
	Object *manifest.Object `json:"-"`
}

// Operation is one step of a JSON patch (RFC 6902).
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}
