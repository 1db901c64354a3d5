package gate

import "context"

// Trace begins a step of the flow and returns the context its work is done in,
// and what ends it. about are names and values in turn. An error that ends a
// step may hold what an image's author wrote.
type Trace func(ctx context.Context, step string, about ...string) (context.Context, func(err error, about ...string))

// The steps that progress has no name for: the whole, and what is asked of
// registries beside the image.
const (
	stepEvaluate Step = "evaluate"
	stepLookUp   Step = "look up"
)

// begin begins a step; without a Trace it does nothing.
func (s *Service) begin(ctx context.Context, step Step, about ...string) (context.Context, func(err error, about ...string)) {
	if s.Trace == nil {
		return ctx, func(error, ...string) {}
	}
	return s.Trace(ctx, string(step), about...)
}

// traced does the work of a step.
func (s *Service) traced(ctx context.Context, step Step, work func(context.Context) error) error {
	ctx, end := s.begin(ctx, step)
	err := work(ctx)
	end(err)
	return err
}
