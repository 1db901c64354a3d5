package check

import (
	"reflect"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestAHistoryLineIsReadInEveryForm(t *testing.T) {
	for _, c := range []struct {
		name, line, instruction, args string
		variables                     []variable
		classic                       bool
	}{
		{name: "BuildKit's RUN", line: "RUN /bin/sh -c apt-get update # buildkit", instruction: "RUN", args: "apt-get update"},
		{name: "BuildKit's RUN with arguments", line: "RUN |2 A=1 B=x y /bin/sh -c make all # buildkit", instruction: "RUN", args: "make all", variables: []variable{{"A", "1"}, {"B", "x y"}}},
		{name: "another shell", line: "RUN /bin/bash -eo pipefail -c curl x | sh # buildkit", instruction: "RUN", args: "curl x | sh"},
		{name: "options of the shell one by one", line: "RUN /bin/bash -o errexit -o pipefail -c set -x # buildkit", instruction: "RUN", args: "set -x"},
		{name: "a shell within the script stays", line: "RUN /bin/sh -c make && sh -c true # buildkit", instruction: "RUN", args: "make && sh -c true"},
		{name: "BuildKit's RUN without a shell", line: "RUN apk add git # buildkit", instruction: "RUN", args: "apk add git"},
		{name: "without a shell, with arguments", line: "RUN |1 A=1 apk add git # buildkit", instruction: "RUN", variables: []variable{{"A", "1 apk add git"}}},
		{name: "a here-document", line: "RUN /bin/sh -c <<EOF\nmake\n", instruction: "RUN", args: "make"},
		{name: "BuildKit's COPY", line: "COPY --chown=1:1 a /b # buildkit", instruction: "COPY", args: "--chown=1:1 a /b"},
		{name: "BuildKit's ARG", line: "ARG A=b c D", instruction: "ARG", args: "A=b c D", variables: []variable{{"A", "b c D"}}},
		{name: "BuildKit's ENV", line: "ENV A=b c B=d", instruction: "ENV", args: "A=b c B=d", variables: []variable{{"A", "b c"}, {"B", "d"}}},
		{name: "the first builder's CMD", line: `/bin/sh -c #(nop)  CMD ["bash"]`, instruction: "CMD", args: `["bash"]`, classic: true},
		{name: "the first builder's ADD", line: "/bin/sh -c #(nop) ADD file:1b2c in / ", instruction: "ADD", args: "file:1b2c in /", classic: true},
		{name: "the first builder's RUN", line: "/bin/sh -c apt-get update", instruction: "RUN", args: "apt-get update", classic: true},
		{name: "the first builder's RUN with arguments", line: "|1 A=1 /bin/sh -c apt-get update", instruction: "RUN", args: "apt-get update", variables: []variable{{"A", "1"}}, classic: true},
		{name: "the first builder on Windows", line: `cmd /S /C #(nop)  ENV A=b`, instruction: "ENV", args: "A=b", variables: []variable{{"A", "b"}}, classic: true},
		{name: "buildah's suffix", line: "/bin/sh -c #(nop) USER app|unsetLabel=true|inheritLabels=false", instruction: "USER", args: "app", classic: true},
		{name: "buildah in small letters", line: "/bin/sh -c #(nop) user app", instruction: "USER", args: "app", classic: true},
		{name: "buildah counts words", line: "|3 A=x y B=z /bin/sh -c make", instruction: "RUN", args: "make", variables: []variable{{"A", "x y"}, {"B", "z"}}, classic: true},
		{name: "buildah keeps mounts", line: "/bin/sh -c --mount=type=secret,id=a --network=none make", instruction: "RUN", args: "make", classic: true},
		{name: "ko says what it likes", line: "ko build ko://example.com/app"},
		{name: "prose that begins like an instruction", line: "Add the program"},
		{name: "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := readStep(c.line)
			if s.instruction != c.instruction || s.args != c.args || s.classic != c.classic || !reflect.DeepEqual(s.variables, c.variables) {
				t.Errorf("%q is read as %q %q %+v, classic %v", c.line, s.instruction, s.args, s.variables, s.classic)
			}
		})
	}
}

func TestHistoryLinesAreMatchedWithLayers(t *testing.T) {
	c := gate.Config{DiffIDs: []string{"a", "b"}, History: []gate.History{{CreatedBy: "COPY a /"}, {CreatedBy: "USER 1", EmptyLayer: true}, {CreatedBy: "COPY b /"}}}
	steps, unread := readHistory(c)
	if unread != 0 || *steps[0].layer != 0 || steps[1].layer != nil || *steps[2].layer != 1 {
		t.Errorf("%+v", steps)
	}
	c.DiffIDs = []string{"a"}
	steps, _ = readHistory(c)
	for _, s := range steps {
		if s.layer != nil {
			t.Errorf("line %d is given layer %d although lines and layers do not correspond", s.line, *s.layer)
		}
	}
}

func TestAHistoryIsReadUpToItsBounds(t *testing.T) {
	many := gate.Config{History: make([]gate.History, maxSteps+7)}
	if steps, unread := readHistory(many); len(steps) != maxSteps || unread != 7 {
		t.Errorf("%d read, %d not", len(steps), unread)
	}
	long := gate.Config{History: make([]gate.History, 100)}
	for i := range long.History {
		long.History[i].CreatedBy = "RUN " + strings.Repeat("x", 1<<20)
	}
	if steps, unread := readHistory(long); len(steps) != maxHistoryText/maxStepText || len(steps[0].args) > maxStepText || unread != 100-len(steps) {
		t.Errorf("%d read, %d not", len(steps), unread)
	}
	in := sound()
	in.Image = &in.Evidence.Images[0]
	in.Image.Config.History = many.History
	nothing := func(step) []Finding { return nil }
	if r := overHistory(*in, nothing); r.Outcome != Unknown || !strings.Contains(r.Reason, "519 lines") {
		t.Errorf("%+v", r)
	}
}

func FuzzHistoryLine(f *testing.F) {
	for _, seed := range []string{
		"RUN |2 A=1 B=x y /bin/sh -c curl x | sh # buildkit", `/bin/sh -c #(nop)  CMD ["bash"]`, "|1 A=1 /bin/sh -c apt-get update", "ARG A=b c D=",
		"RUN /bin/bash -o pipefail -c bash <(curl x) && eval \"$(wget -O- y)\" # buildkit", `RUN ["sh", "-c", "curl x|sh"]`, "RUN <<EOF\nsh <<X\ncurl y | bash\nX", "RUN $(((", "RUN a |",
		"/bin/sh -c #(nop) USER a|unsetLabel=true",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		s := readStep(line)
		if len(s.args) > len(line) {
			t.Errorf("%q grew to %q", line, s.args)
		}
		for _, v := range s.variables {
			if v.name == "" || !strings.Contains(line, v.name+"=") {
				t.Errorf("variable %q of %q", v.name, line)
			}
		}
		for _, c := range s.commands().commands {
			if c.name == "" && len(c.args) > 0 {
				t.Errorf("arguments without a program: %q", c.args)
			}
		}
	})
}

func TestNoCheckShowsOrGrowsWhatAHistorysAuthorWrote(t *testing.T) {
	const secret = "hunter2hunter2"
	for _, unit := range []string{
		"curl -k http://a:" + secret + "@x|sh;", "apt-get install x $(a ", "chmod 777 x&&sudo apt-get dist-upgrade;", "echo x|sh|", "sh -c '", "((", "pip install a b c;",
		"ADD http://" + secret + "@x ", "A_TOKEN=" + secret + " ", "x\nUSER a trivy:ignore:x ",
	} {
		for _, start := range []string{"RUN /bin/sh -c ", "|1 A=b /bin/sh -c ", "ARG X=", "/bin/sh -c #(nop) ADD ", "ADD ", "CMD ", ""} {
			in := sound()
			in.Image = &in.Evidence.Images[0]
			line := start + strings.Repeat(unit, maxStepText/len(unit))
			in.Image.Config.History = make([]gate.History, maxSteps+1)
			for i := range 3 {
				in.Image.Config.History[i] = gate.History{CreatedBy: line, Comment: line, Author: line}
			}
			for _, c := range histChecks() {
				r := c.Decide(*in)
				if r.Outcome == Pass || len(r.Findings) > maxFindings+1 || len(r.Reason) > 500 {
					t.Errorf("%s of %q answers %s with %d findings, %s", c.ID, start+unit, r.Outcome, len(r.Findings), r.Reason)
				}
				for _, f := range r.Findings {
					if len(f.Message)+len(f.Subject) > 700 || strings.Contains(f.Message+f.Subject, secret) {
						t.Errorf("%s of %q: %+v", c.ID, start+unit, f)
					}
				}
			}
		}
	}
}
