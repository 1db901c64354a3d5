package check

import (
	"slices"
	"strings"
	"testing"
)

func TestCommandsOfAScript(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string // program, then its arguments
	}{
		{"separated in every way", "a 1 && b 2; c 3 || d 4 | e\nf &", []string{"a 1", "b 2", "c 3", "d 4", "e", "f"}},
		{"nested in every way", "if a; then (b; { c; }); fi; for x in y; do d \"$(e)\"; done; g() { h; }", []string{"a", "b", "c", "d $()", "e", "h"}},
		{"quotes and backslashes", `a "b c" 'd e' f\ g \
 h "$X/${Y:-z}"`, []string{"a b c d e f g h $X/$Y"}},
		{"behind sudo, env and a variable", "X=1 sudo -E -u app env -i Y=2 nice -n 5 a b", []string{"a b"}},
		{"by its full name", "/usr/bin/apt-get install x", []string{"apt-get install x"}},
		{"given to a shell", `bash -euo pipefail -c 'a 1; sh -c "b 2"'`, []string{"bash -euo pipefail -c a 1; sh -c \"b 2\"", "a 1", "sh -c b 2", "b 2"}},
		{"given to another user", `su - app -c "a 1"`, []string{"su - app -c a 1", "a 1"}},
		{"written into a shell", "bash <<EOF\na 1\nEOF\n", []string{"bash", "a 1"}},
		{"what is only written is no command", "cat > x <<EOF\na 1\nEOF\necho 'b 2'", []string{"cat", "echo b 2"}},
		{"cut off", `a 1 && b 2 && echo "c $(d`, []string{"a 1", "b 2", "echo c $()", "d"}},
		{"cut off in a here-document", "a 1\ncat <<EOF\nb", []string{"a 1"}},
		{"no script at all", "<<<)(", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, command := range readScript(c.text).commands {
				got = append(got, strings.TrimSpace(command.name+" "+strings.Join(command.args, " ")))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("commands %q, want %q", got, c.want)
			}
		})
	}
}

func TestACommandKnowsWhatStartsIt(t *testing.T) {
	c := readScript("A=1 sudo env B=2 tini -- a b").commands[0]
	if c.name != "a" || !slices.Equal(c.through, []string{"sudo", "env", "tini"}) || !slices.Contains(c.assigned, "A=1") || !slices.Contains(c.assigned, "B=2") {
		t.Errorf("%+v", c)
	}
	if c := unwrap([]string{"sudo", "-v"}); c.name != "sudo" {
		t.Errorf("sudo that starts nothing is %+v", c)
	}
}

func TestDeepAndLongScriptsAreReadInTime(t *testing.T) {
	for _, unit := range []string{"(", "$(", "${", "`", "{ ", "$((", "if ", "<(", "\"$(", "curl|sh|", "!", "<<E ", "case x in ", "sh -c '"} {
		readScript(strings.Repeat(unit, 1<<20/len(unit)))
	}
}
