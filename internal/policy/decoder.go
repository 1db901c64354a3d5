package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/gate"
)

// decoder reads YAML nodes strictly and collects every mistake with its line.
type decoder struct {
	file     string
	offset   int // added to lines: where an embedded document begins
	problems []Problem
}

func (d *decoder) fail(n *yaml.Node, format string, args ...any) {
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, Problem{File: d.file, Line: n.Line + d.offset, Message: fmt.Sprintf(format, args...)})
	}
}

// maxProblems bounds what one file is told.
const maxProblems = 100

// object reads a mapping whose keys are those of fields; any other key, and a
// key that comes twice, is a mistake.
func (d *decoder) object(n *yaml.Node, what string, fields map[string]func(*yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "%s is %s, expected a mapping", what, kindName(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, known := fields[key.Value]
		switch {
		case !known:
			d.fail(key, "unknown field %.100q in %s; expected one of %s", key.Value, what, fieldNames(fields))
		case seen[key.Value]:
			d.fail(key, "%s.%s is given twice", what, key.Value)
		default:
			seen[key.Value] = true
			read(value)
		}
	}
}

func fieldNames(fields map[string]func(*yaml.Node)) string {
	names := make([]string, 0, len(fields))
	for f := range fields {
		names = append(names, f)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// list reads a sequence.
func (d *decoder) list(n *yaml.Node, what string, each func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, "%s is %s, expected a list", what, kindName(n))
		return
	}
	for _, item := range n.Content {
		each(item)
	}
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias, which policies do not use"
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "empty"
		}
		return fmt.Sprintf("%.100q", n.Value)
	}
	return "nothing"
}

// text reads a string that is not empty.
func (d *decoder) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || strings.TrimSpace(n.Value) == "" {
		d.fail(n, "%s is %s, expected text", what, kindName(n))
		return ""
	}
	return n.Value
}

// texts reads a list of strings.
func (d *decoder) texts(n *yaml.Node, what string) []string {
	var out []string
	d.list(n, what, func(item *yaml.Node) {
		if s := d.text(item, what+" entry"); s != "" {
			out = append(out, s)
		}
	})
	return out
}

// word reads one of a few words.
func (d *decoder) word(n *yaml.Node, what string, words ...string) string {
	if n.Kind != yaml.ScalarNode || !slices.Contains(words, n.Value) {
		d.fail(n, "%s is %s, expected %s", what, kindName(n), strings.Join(words, " or "))
		return ""
	}
	return n.Value
}

func (d *decoder) boolean(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		d.fail(n, "%s is %s, expected true or false", what, kindName(n))
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

// number reads a number within bounds.
func (d *decoder) number(n *yaml.Node, what string, low, high float64) float64 {
	v, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || (n.Tag != "!!int" && n.Tag != "!!float") || err != nil || !(v >= low && v <= high) {
		d.fail(n, "%s is %s, expected a number from %g to %g", what, kindName(n), low, high)
		return low
	}
	return v
}

// count reads a whole number of things, at least 1.
func (d *decoder) count(n *yaml.Node, what string) int {
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || v < 1 || v > 1<<20 {
		d.fail(n, "%s is %s, expected a whole number above 0", what, kindName(n))
		return 0
	}
	return v
}

func (d *decoder) severity(n *yaml.Node, what string) gate.Severity {
	s, err := gate.ParseSeverity(d.text(n, what))
	if err != nil && n.Value != "" {
		d.fail(n, "%s is %.100q, expected CRITICAL, HIGH, MEDIUM, LOW or INFO", what, n.Value)
	}
	return s
}

// duration reads Go's durations, and days as 7d.
func (d *decoder) duration(n *yaml.Node, what string) time.Duration {
	v, err := time.ParseDuration(n.Value)
	if number, ok := strings.CutSuffix(n.Value, "d"); ok {
		var f float64
		f, err = strconv.ParseFloat(number, 64)
		if err == nil && f >= 0 && f <= 36500 {
			v = time.Duration(f * 24 * float64(time.Hour))
		}
	}
	if n.Kind != yaml.ScalarNode || err != nil || v <= 0 {
		d.fail(n, "%s is %s, expected a duration such as 24h or 7d", what, kindName(n))
		return 0
	}
	return v
}

var sizeForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?([kKMGT]?i?)B?$`)

// size reads bytes: 1048576, 500MB, 2GiB.
func (d *decoder) size(n *yaml.Node, what string) int64 {
	m := sizeForm.FindStringSubmatch(n.Value)
	if n.Kind != yaml.ScalarNode || m == nil {
		d.fail(n, "%s is %s, expected a size such as 500MB or 2GiB", what, kindName(n))
		return 0
	}
	v, _ := strconv.ParseFloat(m[1], 64) // the form holds digits only
	unit := 1000.0
	if strings.HasSuffix(m[2], "i") {
		unit = 1024
	}
	for range strings.Index(" KMGT", strings.ToUpper(strings.TrimSuffix(m[2]+" ", "i "))[:1]) {
		v *= unit
	}
	if v < 1 || v > 1<<50 {
		d.fail(n, "%s is %s, expected a size from 1 byte to 1 PiB", what, kindName(n))
		return 0
	}
	return int64(v)
}

func (d *decoder) regexp(n *yaml.Node, what string) *regexp.Regexp {
	s := d.text(n, what)
	if s == "" {
		return nil
	}
	re, err := regexp.Compile(s)
	if err != nil {
		d.fail(n, "%s is not a regular expression (RE2): %v", what, err)
		return nil
	}
	return re
}
