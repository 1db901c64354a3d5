package gate

// WorkloadReport is what the gate has to say about Kubernetes manifests: of
// each image they run, and of how they run it.
type WorkloadReport struct {
	Images   []WorkloadImage   `json:"images"`
	Findings []WorkloadFinding `json:"findings"`
}

// WorkloadImage is one image of a manifest.
type WorkloadImage struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	Container string `json:"container"`
	Image     string `json:"image"`
	// Digest is the one the answer is about.
	Digest  string `json:"digest,omitempty"`
	Allowed bool   `json:"allowed"`
	// Reason says why it is not allowed; a warning why only for now.
	Reason string `json:"reason,omitempty"`
}

// WorkloadFinding is one thing that is wrong with a manifest.
type WorkloadFinding struct {
	Check     string   `json:"check"`
	Severity  Severity `json:"severity"`
	Outcome   string   `json:"outcome,omitempty"`
	Kind      string   `json:"kind,omitempty"`
	Namespace string   `json:"namespace,omitempty"`
	Name      string   `json:"name,omitempty"`
	Container string   `json:"container,omitempty"`
	Message   string   `json:"message"`
	Fix       string   `json:"fix,omitempty"`
	Line      int      `json:"line,omitempty"`
	Field     string   `json:"field,omitempty"`
	// Patch is a JSON patch (RFC 6902) that mends it.
	Patch []PatchOperation `json:"patch,omitempty"`
}

// PatchOperation is one step of a JSON patch.
type PatchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}
