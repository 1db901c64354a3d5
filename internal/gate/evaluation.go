package gate

import "time"

// State is where an evaluation is in its life.
type State string

// The states, in order. A done evaluation has a verdict and never changes.
const (
	Queued  State = "queued"
	Running State = "running"
	Done    State = "done"
)

// Request is what a caller asks of the gate.
type Request struct {
	Image  string `json:"image"`
	Policy string `json:"policy,omitempty"` // a name; empty lets policies match
	Sign   bool   `json:"sign,omitempty"`
	// Full asks for every check even when a cheap one already condemned
	// the image.
	Full bool `json:"full,omitempty"`
	// Platforms are those to evaluate, as "os/arch[/variant]"; empty means
	// what the policy names, or every image of the index.
	Platforms []string `json:"platforms,omitempty"`
	// Caller is who asks, for whose turn it is; what is asked does not depend on
	// it.
	Caller string `json:"-"`
}

// Evaluation is one request's life.
type Evaluation struct {
	ID        string    `json:"id"`
	Request   Request   `json:"request"`
	State     State     `json:"state"`
	Progress  Progress  `json:"progress"`
	CreatedAt time.Time `json:"createdAt"`
	StartedAt time.Time `json:"startedAt,omitzero"`
	DoneAt    time.Time `json:"doneAt,omitzero"`
	// Verdict is set when State is Done.
	Verdict *Verdict `json:"verdict,omitempty"`
}

// Step names where the flow is, for progress and for error messages.
type Step string

// The steps of the flow, in order.
const (
	StepResolve Step = "resolve"
	StepInspect Step = "inspect"
	StepAnalyze Step = "analyze"
	StepDecide  Step = "decide"
	StepRecord  Step = "record"
	StepSign    Step = "sign"
)

// Progress is how far an evaluation has come. Bytes count compressed layer
// bytes read; Total is 0 while unknown.
type Progress struct {
	Step     Step   `json:"step,omitempty"`
	Platform string `json:"platform,omitempty"`
	Layer    int    `json:"layer,omitempty"`  // 1-based, the layer last reported
	Layers   int    `json:"layers,omitempty"` // how many there are
	Bytes    int64  `json:"bytes,omitempty"`
	Total    int64  `json:"total,omitempty"`
	// LayerBytes and LayerTotal are those of the layer last reported.
	LayerBytes int64 `json:"layerBytes,omitempty"`
	LayerTotal int64 `json:"layerTotal,omitempty"`
}

// Report receives progress. It is called from several goroutines, often, and
// must return at once.
type Report func(Progress)
