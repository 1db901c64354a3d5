package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

// maxAsked is how often one run asks the same before its keys stop being
// derived: a loop that goes on for ever would otherwise look ever longer for a
// key that is free.
const maxAsked = 20

// fingerprint tells a request from all others, to this gate and to others.
func fingerprint(server string, req client.EvaluationRequest) string {
	data, err := json.Marshal([]any{server, req})
	if err != nil { // of plain values: cannot be
		return ""
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// key is the Idempotency-Key of a request. In a run that is known it is the
// same after a restart of the step, without anything being kept; n counts how
// often the run asked before. Elsewhere it is random.
func key(run, request string, n int) (key string, derived bool) {
	if run == "" || n >= maxAsked {
		return uuid.NewString(), false
	}
	sum := sha256.Sum256([]byte(run + "\n" + request))
	key = "gatectl-" + hex.EncodeToString(sum[:])
	if n > 0 {
		key += fmt.Sprintf("-%d", n+1)
	}
	return key, true
}

// lasting reports whether a verdict that an earlier command of this run was
// given answers this one too. A tag may have moved since, and what could not
// be decided or signed may be now.
func lasting(image string, v gate.Verdict, now time.Time) bool {
	ref, err := gate.ParseReference(image)
	over := !v.ExpiresAt.IsZero() && now.After(v.ExpiresAt)
	return err == nil && ref.Digest != "" && v.ExitStatus() != exitError && !over
}
