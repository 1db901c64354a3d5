package gate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"
)

// Service is the one flow: resolve, inspect, early deny, analyze, decide,
// record, sign. Each step hands the next a plain value; no step calls back.
type Service struct {
	Policies Policies
	Resolver Resolver
	Bases    Bases
	// Attachments finds what is attached to an image; nil where nobody asks.
	Attachments Attachments
	// Keys verifies what others signed; nil where no policy names a key.
	Keys     Keys
	Analyzer Analyzer
	// Exploits names vulnerabilities known to be exploited; nil: no list.
	Exploits Exploited
	Store    Store
	// Signer is nil where the gate holds no key; asking to sign is then
	// refused with the reason.
	Signer Signer
	// Verifier tells whether a digest carries this gate's signature; nil
	// where the gate holds no key.
	Verifier Verifier
	// Layers opens the layers of a repository, for rescans of images whose
	// analysis is no longer cached.
	Layers func(repository string) Blobs
	Logger *slog.Logger
	// Trace is told of each step; nil: nobody is.
	Trace Trace
	Now   func() time.Time
	// Program names the version of the checks that decide: stored verdicts of
	// another are not given to new evaluations.
	Program string
	// NewID makes verdict ids for evaluations that have none.
	NewID func() string
}

// Evaluate answers one request. The returned verdict is stored; its decision
// may be "error". An error is returned only when no verdict could be recorded,
// or, when final is false, when trying the same again may succeed: nothing is
// recorded then.
func (s *Service) Evaluate(ctx context.Context, id string, req Request, final bool, report Report) (Verdict, error) {
	if id == "" {
		id = s.NewID()
	}
	if report == nil {
		report = func(Progress) {}
	}
	ctx, end := s.begin(ctx, stepEvaluate, "imagegate.evaluation", id, "imagegate.image", req.Image)
	v, err := s.verdict(ctx, id, req, final, report)
	if err == nil && req.Sign && v.Signature.State == NotAsked {
		report(Progress{Step: StepSign})
		err = s.traced(ctx, StepSign, func(ctx context.Context) (err error) {
			v, err = s.sign(ctx, v, final)
			return err
		})
	}
	end(err, "imagegate.decision", string(v.Decision), "imagegate.digest", v.Digest, "imagegate.policy", v.Policy.Name)
	if err != nil {
		return Verdict{}, err
	}
	return v, nil
}

// verdict returns the stored verdict of the evaluation. An evaluation that was
// interrupted after its verdict was stored is not decided again.
func (s *Service) verdict(ctx context.Context, id string, req Request, final bool, report Report) (Verdict, error) {
	if stored, err := s.Store.Verdict(ctx, id); err != nil || stored != nil {
		return deref(stored), err
	}
	if shared, ok := s.Analyzer.(*SharedAnalyzer); ok {
		defer shared.release(id)
	}
	r, err := s.guarded(ctx, id, req, nil, report)
	if err != nil {
		if ctx.Err() != nil || (!final && Retryable(err)) {
			return Verdict{}, err
		}
		r = Recording{Verdict: s.failure(req, r.Verdict, err)}
	}
	r.Verdict.ID = id
	report(Progress{Step: StepRecord})
	return s.record(ctx, r)
}

// record stores a decision. Vulnerabilities that were published after the
// digest passed get the policy's grace.
func (s *Service) record(ctx context.Context, r Recording) (v Verdict, err error) {
	ctx, end := s.begin(ctx, StepRecord)
	defer func() { end(err) }()
	if r.Standing = StandingOf(r.Verdict, r.Evidence); r.Standing == nil {
		return s.Store.Record(ctx, r)
	}
	before, err := s.Store.Standing(ctx, r.Standing.Repository, r.Standing.Digest, r.Standing.Policy.Digest)
	if err != nil {
		return Verdict{}, err
	}
	var earlier *Verdict
	if before != nil && !before.GraceUntil.IsZero() {
		if earlier, err = s.Store.Verdict(ctx, before.VerdictID); err != nil {
			return Verdict{}, err
		}
	}
	r.grace.grant(&r.Verdict, before, earlier)
	r.Standing.GraceUntil = r.Verdict.GraceUntil
	return s.Store.Record(ctx, r)
}

func deref(v *Verdict) Verdict {
	if v == nil {
		return Verdict{}
	}
	return *v
}

// guarded makes a panic of a step an error of this one evaluation.
func (s *Service) guarded(ctx context.Context, id string, req Request, known *Known, report Report) (r Recording, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = NewError(CodeInternal, fmt.Sprintf("evaluating %s met a defect of the gate", req.Image), fmt.Errorf("panic: %v", p))
			if s.Logger != nil {
				s.Logger.Error("panic", "image", req.Image, "value", p, "stack", string(debug.Stack()))
			}
		}
	}()
	return s.decide(ctx, id, req, known, report)
}

// Stored returns the verdict that answers the request without any work: for a
// reference by digest, decided under the policy and database in force, and
// signed if that is asked for. Otherwise nil.
func (s *Service) Stored(ctx context.Context, req Request) (*Verdict, error) {
	ref, err := ParseReference(req.Image)
	if err != nil || ref.Digest == "" {
		return nil, err
	}
	policy, err := s.Policies.Select(req.Policy, ref)
	if err != nil {
		return nil, err
	}
	database, err := s.Analyzer.Database(ctx)
	if err != nil {
		return nil, nil //nolint:nilerr // the evaluation will say what is wrong with the database
	}
	v, err := s.Store.Reusable(ctx, s.reuseKey(req, ref, policy.Ref(), database), s.Now())
	if err != nil || v == nil || (req.Sign && v.Decision == Pass && v.Signature.State != Signed) {
		return nil, err
	}
	return v, nil
}

// decide makes the verdict. On error the recording's verdict holds what was
// known of policy and digest, for the record. What is known of an image that
// was decided before spares the registry, and is decided anew whatever is
// stored.
func (s *Service) decide(ctx context.Context, id string, req Request, known *Known, report Report) (r Recording, err error) {
	ref, err := ParseReference(req.Image)
	if err != nil {
		return r, err
	}
	policy, err := s.Policies.Select(req.Policy, ref)
	if err != nil {
		return r, err
	}
	r.Verdict.Policy, r.grace = policy.Ref(), policy.Grace()
	now := s.Now()
	ev := &Evidence{Reference: ref}

	// A reference that policy forbids never causes a network request.
	if denied := policy.Reference(ref, now); len(denied) > 0 && !req.Full {
		r.Verdict, r.Evidence = s.finish(req, policy.Decide(ev, now, true)), ev
		return r, nil
	}

	// A digest decided under this policy and database is answered from the
	// store, without a network request.
	database, dbErr := s.Analyzer.Database(ctx)
	if ref.Digest != "" && dbErr == nil && known == nil {
		r.Key = s.reuseKey(req, ref, r.Verdict.Policy, database)
		if stored, err := s.Store.Reusable(ctx, r.Key, now); err != nil || stored != nil {
			return reused(r, stored, id, req), err
		}
	}

	report(Progress{Step: StepResolve})
	resolved, err := s.resolve(ctx, ref, known, s.platforms(req, policy))
	if err != nil {
		return r, err
	}
	defer closeBlobs(resolved)
	r.Verdict.Digest, r.Objects = resolved.Digest, resolved.objects()
	ev.Digest, ev.MediaType, ev.Index = resolved.Digest, resolved.MediaType, resolved.Index
	for _, img := range resolved.Images {
		ev.Images = append(ev.Images, img.Evidence)
	}
	if dbErr == nil {
		pinned := ref
		pinned.Digest = resolved.Digest
		r.Key = s.reuseKey(req, pinned, r.Verdict.Policy, database)
		if known == nil {
			if shared, ok := s.Analyzer.(*SharedAnalyzer); ok {
				shared.hold(ctx, id, resolved.Images)
			}
			if stored, err := s.Store.Reusable(ctx, r.Key, now); err != nil || stored != nil {
				return reused(r, stored, id, req), err
			}
		}
	}

	report(Progress{Step: StepInspect})
	// What the config alone condemns costs no further request.
	early := policy.Decide(ev, now, true)
	var lookErr error
	if early.Decision != Fail || req.Full {
		lookErr = s.traced(ctx, stepLookUp, func(ctx context.Context) error { return s.lookUp(ctx, policy, ev, known) })
		early = policy.Decide(ev, now, true)
	}
	if early.Decision == Fail && !req.Full {
		r.Verdict, r.Evidence = s.finish(req, early), ev
		return r, nil
	}
	if err := cmp.Or(lookErr, dbErr); err != nil {
		return r, err
	}
	if err := s.traced(ctx, StepAnalyze, func(ctx context.Context) error { return s.analyze(ctx, resolved, ev, report) }); err != nil {
		return r, err
	}
	report(Progress{Step: StepDecide})
	ctx, end := s.begin(ctx, StepDecide)
	decided := policy.Decide(ev, s.Now(), false)
	if known == nil && s.rebuild(ctx, decided, ev, report) {
		decided = policy.Decide(ev, s.Now(), false)
	}
	end(nil)
	r.Verdict, r.Evidence = s.finish(req, decided), ev
	return r, nil
}

// resolve finds the image, or takes what is known of it.
func (s *Service) resolve(ctx context.Context, ref Reference, known *Known, platforms []string) (r *Resolved, err error) {
	if known != nil {
		return known.Resolved, nil
	}
	ctx, end := s.begin(ctx, StepResolve)
	defer func() { end(err) }()
	return s.Resolver.Resolve(ctx, ref, platforms)
}

// analyze reads the layers of each image and adds what they hold to the
// evidence.
func (s *Service) analyze(ctx context.Context, resolved *Resolved, ev *Evidence, report Report) error {
	for i, img := range resolved.Images {
		if !isImage(ev.Images[i]) {
			continue // META-01 judges it; there are no layers to read
		}
		analysis, err := s.Analyzer.Analyze(ctx, img, report)
		if err != nil {
			return err
		}
		if err := verifyAnalysis(img, analysis); err != nil {
			return err
		}
		ev.Images[i].Contents, ev.Images[i].Scan = &analysis.Contents, &analysis.Scan
		ev.Database = &analysis.Database
		if s.Exploits != nil {
			list := s.Exploits.Mark(analysis.Scan.Vulnerabilities)
			ev.Exploits = &list
		}
	}
	return nil
}

// platforms are those the caller asked for and those the policy requires.
func (s *Service) platforms(req Request, policy Policy) []string {
	if len(req.Platforms) == 0 || (len(req.Platforms) == 1 && req.Platforms[0] == "all") {
		return policy.Needs().Platforms
	}
	return req.Platforms
}

// finish sets what Decide leaves to its caller.
func (s *Service) finish(req Request, v Verdict) Verdict {
	v.Image = req.Image
	v.Signature = SignatureState{State: NotAsked}
	return v
}

// failure is the verdict of an evaluation that could not be decided.
func (s *Service) failure(req Request, v Verdict, err error) Verdict {
	if s.Logger != nil {
		s.Logger.Error("evaluation ended without a decision", "image", req.Image, "error", err)
	}
	failed := Undecided(req.Image, s.Now(), Failure{Code: CodeOf(err), Message: message(err), Retryable: Retryable(err)})
	failed.Digest, failed.Policy = v.Digest, v.Policy
	return failed
}

// message is what the person who must act reads. Causes that carry no message
// of ours stay in the log.
func message(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "the evaluation took longer than its time limit: try again, or raise the limit"
	}
	return "the gate met an internal error; its log says more"
}

// reuseKey names everything a stored verdict depends on.
func (s *Service) reuseKey(req Request, ref Reference, policy PolicyRef, db Database) string {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode([]any{ref.Name, ref.Digest, policy.Digest, db.ID(), s.exploitsDigest(), s.Program, req.Platforms, req.Full}) // strings and booleans encode
	return hex.EncodeToString(h.Sum(nil))
}

func (s *Service) exploitsDigest() string {
	if s.Exploits == nil {
		return ""
	}
	return s.Exploits.List().Digest
}

// reused is a stored verdict given to a new evaluation; what r holds where
// there is none.
func reused(r Recording, stored *Verdict, id string, req Request) Recording {
	if stored == nil {
		return r
	}
	v := *stored
	v.ID, v.Image = id, req.Image
	v.Signature = SignatureState{State: NotAsked}
	return Recording{Verdict: v, Key: r.Key}
}

// isImage reports whether the config is an image's, so that its fields mean
// what checks read into them.
func isImage(img ImageEvidence) bool {
	switch img.Manifest.Config.MediaType {
	case "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json":
		return img.Manifest.ArtifactType == "" || strings.HasSuffix(img.Manifest.ArtifactType, "image.config.v1+json")
	}
	return false
}

// verifyAnalysis holds what an analyzer says against what the gate verified
// itself. An analyzer in another process reads hostile bytes: it is asked,
// not trusted.
func verifyAnalysis(img Image, a *Analysis) error {
	layers := img.Evidence.Manifest.Layers
	if !a.Contents.Complete && len(a.Contents.Layers) == 0 {
		return nil
	}
	if len(a.Contents.Layers) != len(layers) {
		return NewError(CodeInternal, fmt.Sprintf("the analysis of %s covers %d of %d layers", img.Digest, len(a.Contents.Layers), len(layers)), nil)
	}
	for i, l := range a.Contents.Layers {
		if l.Index != i || l.Digest != layers[i].Digest || l.DiffID != img.Evidence.Config.DiffIDs[i] {
			return NewError(CodeInternal, fmt.Sprintf("the analysis of %s names layer %d as %s, which is not the manifest's", img.Digest, i, l.Digest), nil)
		}
	}
	return nil
}

// closeBlobs releases what local sources hold open.
func closeBlobs(r *Resolved) {
	for _, img := range r.Images {
		if c, ok := img.Blobs.(interface{ Close() error }); ok {
			_ = c.Close()
		}
	}
}
