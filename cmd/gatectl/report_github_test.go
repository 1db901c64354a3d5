package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// hostileTexts are what an image's author might write for a runner to read.
var hostileTexts = []string{
	"::set-output name=decision::pass",
	"x\n::set-output name=decision::pass",
	"x\r\n  ::add-mask::x",
	"x%0A::stop-commands::y",
	"##[set-output name=decision]pass",
	"title,line=1::warning file=a::b",
	"\u2028::error::x\x1b]8;;",
}

// commands are those the runner finds in output, by its own reading of it: a
// line that begins with "::" after white space, or that holds "##[".
func commands(output string) []string {
	var found []string
	for _, line := range strings.FieldsFunc(output, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			found = append(found, line)
		}
	}
	return found
}

func TestAnAnnotationIsOneCommandWhateverItSays(t *testing.T) {
	for _, text := range hostileTexts {
		out := outcome{image: "registry.example/team/app:1", verdict: &gate.Verdict{Decision: gate.Fail, Violations: []gate.Violation{{Check: text, Message: text, Fix: text}}}}
		got := annotations([]outcome{out})
		if len(got) != 1 || strings.Count(got[0], "\n") != 1 || len(commands(got[0])) != 1 {
			t.Fatalf("%q", got)
		}
		head, _, ok := strings.Cut(strings.TrimPrefix(got[0], "::"), "::")
		if !ok || !strings.HasPrefix(head, "error title=imagegate%3A ") || strings.ContainsAny(head[len("error title="):], ":,") {
			t.Errorf("the command of %q is %q", text, head)
		}
		if strings.Contains(text, "%0A") && strings.Contains(strings.ReplaceAll(got[0], "%250A", ""), "x%0A") {
			t.Errorf("%q would become a newline: %s", text, got[0])
		}
	}
}

func TestAtMostTenAnnotationsAndEveryImageHasItsFirst(t *testing.T) {
	var all []outcome
	for i := range 5 {
		v := gate.Verdict{Decision: gate.Fail}
		for j := range 30 {
			v.Violations = append(v.Violations, gate.Violation{Check: "C", Message: fmt.Sprintf("finding %d", j)})
		}
		all = append(all, outcome{image: fmt.Sprintf("image-%d", i), verdict: &v})
	}
	got := annotations(all)
	if len(got) != 10 || !strings.Contains(got[9], "and 141 more") {
		t.Fatalf("%d: %s", len(got), got[len(got)-1])
	}
	for i := range all {
		if !strings.Contains(got[i], fmt.Sprintf("image-%d: finding 0", i)) {
			t.Errorf("%d is %s", i, got[i])
		}
	}
}

func TestOutputHoldsNoCommandHoweverItIsWritten(t *testing.T) {
	text := strings.Join(hostileTexts, "\n") + "\nplain ::text:: stays\n"
	for form := range inertForms {
		for size := 1; size < 40; size++ {
			var b bytes.Buffer
			i := &inert{w: &b, form: func() string { return form }}
			data := []byte(text)
			if form == "json" {
				data = encoded(text)
			}
			for len(data) > 0 {
				n, _ := i.Write(data[:min(size, len(data))])
				data = data[n:]
			}
			i.flush()
			if found := commands(b.String()); found != nil {
				t.Fatalf("%s in writes of %d bytes: %q", form, size, found)
			}
			if !strings.Contains(b.String(), "plain ::text:: stays") {
				t.Fatalf("%s: %s", form, b.String())
			}
		}
	}
}

func TestALineThatNeverEndsIsPassedOn(t *testing.T) {
	var b bytes.Buffer
	i := &inert{w: &b, form: func() string { return "text" }}
	_, _ = i.Write(bytes.Repeat([]byte("a"), 3*maxRest))
	if b.Len() < 2*maxRest {
		t.Errorf("%d bytes were passed on", b.Len())
	}
	_, _ = i.Write([]byte("##["))
	i.flush()
	if b.Len() != 3*maxRest+4 || commands(b.String()) != nil {
		t.Errorf("%d bytes in the end", b.Len())
	}
}

func TestOutputsCannotBeEndedByWhatTheyHold(t *testing.T) {
	v := gate.Verdict{Decision: gate.Pass, ID: "0001\nEOF\ndecision=pass", Digest: digest}
	got := string(outputs([]outcome{{image: "a\nb:1", verdict: &v}}, "imagegate.sarif"))
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	names := []string{}
	for i := 0; i < len(lines); i++ {
		name, end, ok := strings.Cut(lines[i], "<<gatectl-")
		if !ok {
			t.Fatalf("%q is not in an output", lines[i])
		}
		names = append(names, name)
		for i++; lines[i] != "gatectl-"+end; i++ {
		}
	}
	if fmt.Sprint(names) != "[decision digest verdict-id images sarif]" {
		t.Errorf("%v", names)
	}
}

func TestASummaryEndsAfterALineThatFits(t *testing.T) {
	text := bytes.Repeat([]byte("| a finding |\n"), 1000)
	for _, room := range []int{0, 10, 100, 5000, len(text) - 1, len(text)} {
		got := fit(text, room)
		if len(got) > room || (len(got) > 0 && room < len(text) && !bytes.Contains(got, []byte("finding |\n\n\n… the rest"))) {
			t.Errorf("room for %d: %d bytes ending in %q", room, len(got), got[max(0, len(got)-60):])
		}
	}
}
