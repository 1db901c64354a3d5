package main

import (
	"context"
	"fmt"
	"regexp"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

var digestForm = regexp.MustCompile(`^sha256:[a-f0-9]{64}$`)

func isDigest(s string) bool { return digestForm.MatchString(s) }

// sameImage refuses an answer about another digest than the one asked for.
func sameImage(image, digest string) error {
	ref, err := gate.ParseReference(image)
	if err == nil && ref.Digest != "" && digest != "" && digest != ref.Digest {
		err = gate.NewError(gate.CodeInternal, fmt.Sprintf("the gate was asked about %s and answers about %s: that is a defect of it, so nothing is taken from the answer", image, digest), nil)
	}
	return err
}

// pin learns an image's digest. A tag is asked about, so that the gate resolves
// it; the verdict is returned too then.
func (a *api) pin(ctx context.Context, image, policy string, p *progress) (gate.Reference, *gate.Verdict, error) {
	ref, err := registryImage(image)
	if err != nil || ref.Digest != "" {
		return ref, nil, err
	}
	req := client.EvaluationRequest{Image: image}
	if policy != "" {
		req.Policy = &policy
	}
	a.remember("", req)
	v, err := a.evaluate(ctx, req, p)
	if err != nil {
		return ref, nil, err
	}
	if !isDigest(v.Digest) {
		message := "the gate could not resolve it"
		if v.Error != nil {
			message = v.Error.Message
		}
		return ref, &v, gate.NewError(gate.CodeUnavailable, image+" has no digest: "+message, nil)
	}
	ref.Digest = v.Digest
	return ref, &v, nil
}
