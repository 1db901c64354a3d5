package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/report"
)

// Tour asks a gate about the demo's images and shows what it says.
type Tour struct {
	Out   io.Writer
	Color bool
	// Gate is the gate's address, as http://127.0.0.1:8080.
	Gate   string
	Images []Image
	// Verify says whether an image's signature is accepted, and why not.
	Verify func(ctx context.Context, repository, digest string) (bool, string, error)
}

// explained is the image whose verdict is shown in full.
const explained = "deleted-secret"

// Run gives the tour. The error is a defect of the demo or of the gate: that
// images fail is the point.
func (t Tour) Run(ctx context.Context) error {
	c, err := client.NewClientWithResponses(t.Gate)
	if err != nil {
		return err
	}
	verdicts := map[string]gate.Verdict{}
	fmt.Fprintf(t.Out, "%-17s %-8s %-7s %s\n", "IMAGE", "VERDICT", "TIME", "WHY")
	for _, image := range t.Images {
		start := time.Now()
		v, err := ask(ctx, c, image)
		if err != nil {
			return err
		}
		verdicts[image.Name] = v
		fmt.Fprintf(t.Out, "%-17s %s %-7s %s\n", image.Name, t.word(v.Decision), time.Since(start).Round(time.Millisecond), why(v))
		fmt.Fprintf(t.Out, "%-34s %s\n", "", t.dim(image.Lesson))
	}
	fmt.Fprintf(t.Out, "\nOne of them in full:\n\n")
	if err := report.Write(t.Out, "table", report.Document{Verdict: verdicts[explained]}, report.Options{Color: t.Color}); err != nil {
		return err
	}
	fmt.Fprintf(t.Out, "\nWhat passed was signed. Would a cluster that asks for the signature take them?\n\n")
	for _, image := range t.Images {
		if err := t.verify(ctx, image, verdicts[image.Name]); err != nil {
			return err
		}
	}
	return nil
}

// ask sends one image to the gate and waits for its verdict.
func ask(ctx context.Context, c *client.ClientWithResponses, image Image) (gate.Verdict, error) {
	wait, sign := 60, true
	body := client.EvaluationRequest{Image: image.Reference, Sign: &sign}
	if image.Policy != "" {
		body.Policy = &image.Policy
	}
	answer, err := c.CreateEvaluationWithResponse(ctx, &client.CreateEvaluationParams{Wait: &wait}, body)
	if err != nil {
		return gate.Verdict{}, fmt.Errorf("asking the gate about %s: %w", image.Name, err)
	}
	if answer.StatusCode() != 200 {
		return gate.Verdict{}, fmt.Errorf("asking the gate about %s: %s %s", image.Name, answer.Status(), answer.Body)
	}
	var v gate.Verdict
	if err := json.Unmarshal(answer.Body, &v); err != nil {
		return gate.Verdict{}, fmt.Errorf("reading the verdict of %s: %w", image.Name, err)
	}
	if v.Decision == gate.Errored {
		return v, fmt.Errorf("the gate could not decide about %s: %s", image.Name, v.Error.Message)
	}
	return v, nil
}

// verify shows whether the signature is accepted, and holds that against the
// verdict: the demo fails when they differ.
func (t Tour) verify(ctx context.Context, image Image, v gate.Verdict) error {
	accepted, reason, err := t.Verify(ctx, image.Repository, image.Digest)
	if err != nil {
		return err
	}
	if accepted != (v.Decision == gate.Pass) {
		return fmt.Errorf("%s: the verdict is %s and verification says %v: this is a defect", image.Name, v.Decision, accepted)
	}
	word := t.paint("1;31", "refused ")
	if accepted {
		word = t.paint("1;32", "accepted")
	}
	fmt.Fprintf(t.Out, "%-17s %s %s\n", image.Name, word, t.dim(reason))
	return nil
}

// why is the first reason, or what was checked.
func why(v gate.Verdict) string {
	if len(v.Violations) == 0 {
		return fmt.Sprintf("nothing denies it (%d warned of, %d noted)", len(v.Warnings), len(v.Notes))
	}
	first := v.Violations[0]
	text := first.Check + " " + first.Message
	if len(v.Platforms) > 1 {
		text = first.Platform + ": " + text
	}
	if runes := []rune(text); len(runes) > 96 {
		text = string(runes[:95]) + "…"
	}
	if more := len(v.Violations) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

func (t Tour) word(d gate.Decision) string {
	if d == gate.Pass {
		return t.paint("1;32", fmt.Sprintf("%-8s", "PASS"))
	}
	return t.paint("1;31", fmt.Sprintf("%-8s", strings.ToUpper(string(d))))
}

func (t Tour) dim(s string) string { return t.paint("2", s) }

func (t Tour) paint(code, s string) string {
	if !t.Color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
