package server

import (
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// evaluation is an unfinished evaluation as the contract shows it.
type evaluation struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	ID         string         `json:"id"`
	Image      string         `json:"image"`
	State      gate.State     `json:"state"`
	Progress   *gate.Progress `json:"progress,omitempty"`
	CreatedAt  time.Time      `json:"createdAt"`
	StartedAt  time.Time      `json:"startedAt,omitzero"`
}

func pending(e gate.Evaluation) evaluation {
	out := evaluation{APIVersion: gate.APIVersion, Kind: gate.KindEvaluation, ID: e.ID, Image: e.Request.Image, State: e.State, CreatedAt: e.CreatedAt, StartedAt: e.StartedAt}
	if e.Progress != (gate.Progress{}) {
		out.Progress = &e.Progress
	}
	return out
}

// evaluationList is a page of evaluations; Next is empty on the last.
type evaluationList struct {
	Items []gate.Listed `json:"items"`
	Next  string        `json:"next,omitempty"`
}

// batch is where the answers to a batch will be, in its order.
type batch struct {
	Items []batchItem `json:"items"`
}

type batchItem struct {
	Image    string     `json:"image"`
	ID       string     `json:"id"`
	Location string     `json:"location"`
	State    gate.State `json:"state"`
}

// image is what the gate decided about a digest.
type image struct {
	Digest  string        `json:"digest"`
	Latest  *gate.Verdict `json:"latest"`
	History []pastVerdict `json:"history"`
}

// pastVerdict is a verdict without its findings.
type pastVerdict struct {
	ID        string              `json:"id"`
	Decision  gate.Decision       `json:"decision"`
	Policy    gate.PolicyRef      `json:"policy"`
	Database  *gate.Database      `json:"database,omitempty"`
	Signature gate.SignatureState `json:"signature"`
	DecidedAt time.Time           `json:"decidedAt"`
	ExpiresAt time.Time           `json:"expiresAt,omitzero"`
}

type readiness struct {
	Ready      bool        `json:"ready"`
	Components []Component `json:"components"`
}
