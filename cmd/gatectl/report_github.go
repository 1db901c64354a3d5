package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/imagegate/imagegate/internal/gate"
)

// What GitHub takes of a step: bytes of a summary, and annotations. It drops a
// summary that is larger, whole.
const (
	maxStepSummary = 1 << 20
	maxAnnotations = 10
)

// github writes the step's summary and outputs, a SARIF file, and annotations.
func (r *reporting) github(ctx context.Context, command func(string)) error {
	for _, a := range annotations(r.outcomes) {
		command(a)
	}
	sarif := filepath.Join(r.dir, "imagegate.sarif")
	data, err := r.report(ctx, "sarif")
	if err != nil {
		return err
	}
	if err := r.write("imagegate.sarif", data); err != nil {
		return err
	}
	if name := os.Getenv("GITHUB_OUTPUT"); name != "" {
		if err := appendFile(name, outputs(r.outcomes, sarif)); err != nil {
			return err
		}
	}
	name := os.Getenv("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	text, err := r.report(ctx, "markdown")
	if err != nil {
		return err
	}
	room := maxStepSummary
	if info, err := os.Stat(name); err == nil {
		room -= int(min(info.Size(), maxStepSummary))
	}
	return appendFile(name, fit(text, room))
}

func appendFile(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.Write(data)
		if closed := f.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		return gate.NewError(gate.CodeUnavailable, "the job's file "+name+" cannot be written: --report-for none does without", err)
	}
	return nil
}

// fit ends a text after a whole line that leaves room to say so.
func fit(text []byte, room int) []byte {
	const note = "\n\n… the rest has no room here: see gatectl report.\n"
	if len(text) <= room {
		return text
	}
	if room < len(note) {
		return nil
	}
	text = text[:room-len(note)]
	return append(bytes.Clone(text[:bytes.LastIndexByte(text, '\n')+1]), note...)
}

// annotations are error commands about what denies, the first of each image
// before the second of any.
func annotations(outcomes []outcome) []string {
	type finding struct{ title, text string }
	var found []finding
	for i := 0; ; i++ {
		before := len(found)
		for _, out := range outcomes {
			v := out.document()
			if v.Error != nil && i == 0 {
				found = append(found, finding{"imagegate: undecided", short(out.image, 300) + ": " + short(v.Error.Message, 1000)})
			}
			if i < len(v.Violations) {
				f := v.Violations[i]
				text := short(out.image, 300) + ": " + short(f.Message, 600)
				if f.Fix != "" {
					text += "\nfix: " + short(f.Fix, 300)
				}
				found = append(found, finding{"imagegate: " + short(f.Check, 60), text})
			}
		}
		if len(found) == before {
			break
		}
	}
	if n := len(found); n > maxAnnotations {
		found = append(found[:maxAnnotations-1], finding{"imagegate", fmt.Sprintf("… and %d more: the step's summary has them", n-maxAnnotations+1)})
	}
	var out []string
	for _, f := range found {
		out = append(out, fmt.Sprintf("::error title=%s::%s\n", commandProperty(f.title), commandData(f.text)))
	}
	return out
}

// commandData escapes the text of a workflow command. Newlines are ours; other
// control characters become visible.
func commandData(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r", "\n"), "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(strings.Join(lines, "\n"))
}

func commandProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandData(s))
}

// outputs are the step's, each between delimiters nobody can guess.
func outputs(outcomes []outcome, sarif string) []byte {
	type result struct {
		Image    string        `json:"image"`
		Decision gate.Decision `json:"decision"`
		Digest   string        `json:"digest,omitempty"`
		ID       string        `json:"verdictId,omitempty"`
	}
	var all []result
	for _, out := range outcomes {
		v := out.document()
		all = append(all, result{out.image, v.Decision, v.Digest, v.ID})
	}
	var b bytes.Buffer
	set := func(name, value string) {
		end := "gatectl-" + uuid.NewString()
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", name, end, value, end)
	}
	decision := map[int]gate.Decision{exitPass: gate.Pass, exitFail: gate.Fail}[worst(outcomes)]
	if decision == "" {
		decision = gate.Errored
	}
	set("decision", string(decision))
	if len(all) == 1 {
		set("digest", all[0].Digest)
		set("verdict-id", all[0].ID)
	}
	set("images", string(encoded(all)))
	set("sarif", sarif)
	return b.Bytes()
}
