package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/imagegate/imagegate/internal/gate"
)

// The history is text that the image's author may write as he likes. Nothing
// is learned from it that config or layers say: a check that reads it judges
// what the author admits.

// The bounds of what is read of a history. Images have at most 127 layers, and
// the longest honest histories are some tens of KiB.
const (
	maxSteps       = 512
	maxStepText    = 4 << 10
	maxHistoryText = 256 << 10
)

// step is one history line, as the builder's instruction that it records.
type step struct {
	line        int    // counted from 1
	layer       *int   // nil for a line that made no layer, and where lines and layers do not correspond
	instruction string // RUN, COPY …; empty where the line records none
	args        string // of RUN the script or command alone
	variables   []variable
	// classic is true of the form of docker's first builder and of buildah.
	classic bool
	entry   gate.History
	// commands are those of a RUN, read once by the first check that asks.
	commands func() script
}

// variable is NAME=value of an ARG, ENV or LABEL line, or of a RUN's arguments.
type variable struct{ name, value string }

// readHistory reads the lines of a history, and counts those past its bounds.
func readHistory(c gate.Config) (steps []step, unread int) {
	layers := 0
	for _, h := range c.History {
		if !h.EmptyLayer {
			layers++
		}
	}
	accounted := layers == len(c.DiffIDs)
	next, text := 0, 0
	for i, h := range c.History {
		line := h.CreatedBy[:min(len(h.CreatedBy), maxStepText)]
		if text += len(line); len(steps) == maxSteps || text > maxHistoryText {
			return steps, len(c.History) - i
		}
		s := readStep(line)
		s.line, s.entry = i+1, h
		if !h.EmptyLayer {
			if accounted {
				s.layer = at(next)
			}
			next++
		}
		steps = append(steps, s)
	}
	return steps, 0
}

// overHistory is the answer of a check of the history: judge sees each line.
// An image without a history (ko, Bazel, buildpacks) has nothing to judge;
// META-08 notes that.
func overHistory(in Input, judge func(step) []Finding) Result {
	c := in.Image.Config
	if len(c.History) == 0 {
		return notApplicable("the config has no history")
	}
	steps, unread := in.Reading.history(in.Image)
	var findings []Finding
	for _, s := range steps {
		for _, f := range judge(s) {
			f.Layer = s.layer
			f.Message = fmt.Sprintf("history line %d: %s", s.line, f.Message)
			findings = append(findings, f)
		}
	}
	if len(findings) == 0 && unread > 0 {
		return unknown("the history has %d lines, and only the first %d are read", len(c.History), len(steps))
	}
	return verdictOn(graded(findings, "findings in the history"))
}

// What tools write around an instruction.
var (
	// nop marks the instructions of docker's first builder, and of buildah,
	// that ran nothing: "/bin/sh -c #(nop)  CMD ["sh"]".
	nop = regexp.MustCompile(`^[^\n#]{0,100}#\(nop\)\s*`)
	// buildahSuffix is what buildah appends of its options.
	buildahSuffix = regexp.MustCompile(`(\|(unsetLabel|unsetAnnotation|inheritLabels|inheritAnnotations|force-mtime|timestamp)=[^|\n]*)+$`)
	// argCount begins the build arguments of a RUN. The number is no help:
	// BuildKit counts arguments, buildah words.
	argCount = regexp.MustCompile(`^\|\d{1,4} `)
	// shellStart is the shell of a RUN, as SHELL has it.
	shellStart = regexp.MustCompile(`(?:^| )(?:/[\w./-]*/)?(?:sh|bash|ash|dash|zsh|ksh)(?: [-+][A-Za-z]+(?: (?:pipefail|errexit|nounset|xtrace))?)*? -[A-Za-z]*c `)
	// runFlags are options of RUN that buildah leaves in the line.
	runFlags = regexp.MustCompile(`^(?:--(?:mount|network|security|device)=\S+\s+)+`)
	// heredocStart is the first line of a RUN that is nothing but a here-document.
	heredocStart = regexp.MustCompile(`^<<-?["']?\w+["']?[ \t]*\n`)
	assignStart  = regexp.MustCompile(`(?:^| )([A-Za-z_][A-Za-z0-9_.\-/]*)=`)
)

var instructions = []string{
	"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
	"ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
}

// readStep reads one line in any of the forms that BuildKit, docker's first
// builder, buildah and kaniko write.
func readStep(line string) step {
	s := readLine(line)
	s.commands = sync.OnceValue(func() script { return commandsOf(s.instruction, s.args) })
	return s
}

func readLine(line string) step {
	line = strings.TrimSuffix(strings.TrimSpace(line), " # buildkit")
	line = buildahSuffix.ReplaceAllString(line, "")
	if mark := nop.FindString(line); mark != "" {
		s := readInstruction(line[len(mark):])
		s.classic = true
		return s
	}
	if s := readInstruction(line); s.instruction != "" && s.instruction == line[:len(s.instruction)] {
		return s
	}
	s := readRun(line)
	if s.classic = true; len(s.variables) == 0 && s.args == line {
		return step{} // no shell and no build arguments: some tool's own words
	}
	return s
}

// readInstruction reads a line that begins with an instruction's name.
func readInstruction(line string) step {
	word, args, _ := strings.Cut(line, " ")
	name := strings.ToUpper(word)
	if !slices.Contains(instructions, name) {
		return step{}
	}
	args = strings.TrimSpace(args)
	s := step{instruction: name, args: args}
	switch name {
	case "RUN":
		return readRun(args)
	case "ARG", "ENV", "LABEL":
		s.variables = assignments(args)
	}
	return s
}

// readRun reads "[|n NAME=value …] [/bin/sh -c] script".
func readRun(line string) step {
	s := step{instruction: "RUN", args: line}
	if mark := argCount.FindString(line); mark != "" {
		// Values are written without quotes and may hold spaces: only the
		// shell tells where they end.
		rest := line[len(mark):]
		end := shellStart.FindStringIndex(rest)
		if end == nil {
			end = []int{len(rest)}
		}
		s.variables = assignments(rest[:end[0]])
		s.args = strings.TrimLeft(rest[end[0]:], " ")
	}
	if shell := shellStart.FindStringIndex(s.args); shell != nil && shell[0] == 0 {
		s.args = s.args[shell[1]:]
	}
	s.args = runFlags.ReplaceAllString(s.args, "")
	s.args = heredocStart.ReplaceAllString(s.args, "")
	return s
}

// assignments splits "A=x B=y z" where names begin: values are unquoted.
func assignments(text string) []variable {
	var found []variable
	starts := assignStart.FindAllStringSubmatchIndex(text, -1)
	for i, m := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		found = append(found, variable{text[m[2]:m[3]], strings.TrimRight(text[m[1]:end], " ")})
	}
	return found
}
