package main

import (
	"bytes"
	"context"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload"
	"github.com/imagegate/imagegate/internal/workload/audit"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// workloads holds manifests against the workload checks and the verdicts of a
// wired gate.
type workloads struct{ app *app }

// CheckManifests implements server.Workloads.
func (w workloads) CheckManifests(ctx context.Context, data []byte) (gate.WorkloadReport, error) {
	out := gate.WorkloadReport{Images: []gate.WorkloadImage{}, Findings: []gate.WorkloadFinding{}}
	objects, err := manifest.Read("manifests", bytes.NewReader(data))
	if err != nil {
		return out, err
	}
	admit := w.app.admitOnce(ctx)
	for _, o := range objects {
		for _, u := range workload.Images(o.Unstructured.Object) {
			a, err := admit(u.Image)
			if err != nil {
				return out, err
			}
			image := gate.WorkloadImage{
				Kind: o.Kind(), Namespace: o.Namespace(), Name: o.Name(), Container: u.Container, Image: u.Image,
				Digest: a.Digest, Allowed: a.Allowed, Reason: a.Reason + a.Warning,
			}
			out.Images = append(out.Images, image)
		}
	}
	findings := audit.Run(audit.Input{Objects: objects, Options: audit.Options{Images: w.app.facts(ctx, admit)}})
	for _, f := range findings {
		found := gate.WorkloadFinding{
			Check: f.Check, Severity: f.Severity, Outcome: f.Outcome, Kind: f.Kind, Namespace: f.Namespace, Name: f.Name, Container: f.Container,
			Message: f.Message, Fix: f.Fix, Line: f.Line, Field: f.Field,
		}
		for _, p := range f.Patch {
			found.Patch = append(found.Patch, gate.PatchOperation(p))
		}
		out.Findings = append(out.Findings, found)
	}
	return out, nil
}

// admitOnce asks about each image once, however often manifests name it.
func (a *app) admitOnce(ctx context.Context) func(image string) (gate.Admission, error) {
	known := map[string]gate.Admission{}
	return func(image string) (gate.Admission, error) {
		if admitted, asked := known[image]; asked {
			return admitted, nil
		}
		admitted, err := a.service.Admit(ctx, image, "")
		if err == nil {
			known[image] = admitted
		}
		return admitted, err
	}
}

// facts tells audits what the gate knows of an image: where it stands, and the
// user of its first platform.
func (a *app) facts(ctx context.Context, admit func(string) (gate.Admission, error)) func(string) (audit.ImageFacts, bool) {
	return func(reference string) (audit.ImageFacts, bool) {
		admitted, err := admit(reference)
		if err != nil || admitted.Undecided || admitted.Digest == "" {
			return audit.ImageFacts{}, false
		}
		facts := audit.ImageFacts{Digest: admitted.Digest, Decision: gate.Fail}
		if admitted.Allowed {
			facts.Decision = gate.Pass
		}
		v, err := a.store.Latest(ctx, admitted.Digest, admitted.Policy.Digest)
		if err == nil && v != nil && len(v.Platforms) > 0 {
			facts.User = v.Platforms[0].User
		}
		return facts, true
	}
}
