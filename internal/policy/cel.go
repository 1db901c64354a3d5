package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/gate"
)

const checkCEL = "CEL"

// The bounds of an expression: cel-go counts cost in steps, and looks at its
// context every so many iterations.
const (
	celCost      = 10_000_000
	celInterrupt = 1000
	celTime      = 2 * time.Second
	maxCEL       = 10_000 // bytes
)

// expression is a compiled cel rule.
type expression struct {
	source  string
	program cel.Program
}

// celRule reads
//
//	cel:
//	  expression: image.config.labels["team"] != ""
//
// It must be true for each platform's image. Variables: image and evidence as
// they are stored (JSON names), reference, and now as a timestamp. What cannot
// be evaluated is a violation; use has() for what may be absent.
func (c *compiler) celRule(n *yaml.Node) {
	r := c.now
	c.object(n, "cel", map[string]func(*yaml.Node){
		"expression": func(n *yaml.Node) {
			source := c.text(n, "cel.expression")
			if source == "" {
				return
			}
			compiled, err := compile(source)
			if err != nil {
				c.fail(n, "cel.expression does not compile: %s", strings.ReplaceAll(err.Error(), "\n", " "))
				return
			}
			r.cel = compiled
			r.demands = append(r.demands, strings.TrimSpace(source))
		},
	})
	if r.cel == nil && stringField(n, "expression") == "" {
		c.fail(n, "cel.expression is missing")
	}
}

func compile(source string) (*expression, error) {
	if len(source) > maxCEL {
		return nil, fmt.Errorf("it is longer than %d bytes", maxCEL)
	}
	env, err := cel.NewEnv(
		cel.Variable("image", cel.DynType), cel.Variable("evidence", cel.DynType),
		cel.Variable("reference", cel.StringType), cel.Variable("now", cel.TimestampType),
		cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(), ext.Strings(),
	)
	if err != nil {
		return nil, err
	}
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("it yields %s, expected bool", t)
	}
	program, err := env.Program(ast, cel.CostLimit(celCost), cel.InterruptCheckFrequency(celInterrupt))
	if err != nil {
		return nil, err
	}
	return &expression{source: source, program: program}, nil
}

// expressions evaluates the cel rules over each image.
func (p *Policy) expressions(s *sorter, ev *gate.Evidence) {
	var whole any
	for i := range p.rules {
		r := &p.rules[i]
		if r.cel == nil {
			continue
		}
		if whole == nil {
			whole = plain(ev)
		}
		for j := range ev.Images {
			img := &ev.Images[j]
			message := r.cel.holds(whole, j, ev.Reference.Name, s.now)
			if message == "" {
				continue
			}
			s.add(r, deny, gate.Violation{Rule: r.name, Check: checkCEL, Severity: gate.SeverityHigh, Platform: img.Platform, Message: message, Fix: "make the image satisfy the expression"})
		}
	}
}

// holds is "" when the expression is true, and says otherwise what it is.
func (e *expression) holds(evidence any, image int, reference string, now time.Time) string {
	ctx, cancel := context.WithTimeout(context.Background(), celTime)
	defer cancel()
	out, _, err := e.program.ContextEval(ctx, map[string]any{
		"evidence": evidence, "image": evidence.(map[string]any)["images"].([]any)[image], "reference": reference, "now": now,
	})
	switch {
	case err != nil:
		return fmt.Sprintf("the expression could not be evaluated (%.300s): %.300s", err, e.source)
	case out.Value() == true:
		return ""
	case out.Value() == false:
		return fmt.Sprintf("the expression is false: %.300s", e.source)
	}
	return fmt.Sprintf("the expression yields %.100v, expected true or false: %.300s", out.Value(), e.source)
}

// plain is the evidence as its JSON names it, with whole numbers as integers.
func plain(ev *gate.Evidence) any {
	data, err := json.Marshal(ev)
	if err != nil {
		return map[string]any{"images": []any{}} // evidence always encodes
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return map[string]any{"images": []any{}}
	}
	return numbers(v)
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64() // JSON's own encoder wrote it
		return f
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	}
	return v
}
