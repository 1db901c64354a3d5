package policy

import (
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/gate"
)

// graceFields are the severities grace can be given for.
var graceFields = map[string]gate.Severity{
	"critical": gate.SeverityCritical, "high": gate.SeverityHigh, "medium": gate.SeverityMedium, "low": gate.SeverityLow, "unknown": gate.SeverityUnknown,
	"kev": gate.GraceExploited,
}

// grace reads, beside rules and waivers,
//
//	grace: {critical: 48h, high: 7d, kev: 0}
//
// which says how long an image that passed is still admitted by a cluster after
// a vulnerability of that severity is found in it. It is warned of from the
// first day; a new build gets none. What is not named has no grace. A vulnerability
// that is known to be exploited has that of kev, whatever its severity.
func (c *compiler) grace(n *yaml.Node) {
	fields := map[string]func(*yaml.Node){}
	for name, severity := range graceFields {
		fields[name] = func(n *yaml.Node) {
			if n.Value == "0" {
				c.policy.grace[severity] = 0
				return
			}
			c.policy.grace[severity] = c.duration(n, "grace."+name)
		}
	}
	c.policy.grace = gate.Grace{}
	c.object(n, "grace", fields)
}

// Grace implements gate.Policy.
func (p *Policy) Grace() gate.Grace { return p.grace }

// graceWords says what grace there is; "" when there is none.
func graceWords(g gate.Grace) string {
	var parts []string
	for _, s := range []gate.Severity{gate.SeverityCritical, gate.SeverityHigh, gate.SeverityMedium, gate.SeverityLow, gate.SeverityUnknown, gate.GraceExploited} {
		if d := g[s]; d > time.Duration(0) {
			parts = append(parts, fmt.Sprintf("%s for %s", s, days(d)))
		}
	}
	return strings.Join(parts, ", ")
}

// MatchRepository reports whether a repository fits a pattern as policies
// write them in match; the empty pattern fits every repository.
func MatchRepository(pattern, repository string) bool {
	return pattern == "" || matchPath(pattern, repository)
}

// ValidPattern says what is wrong with a repository pattern; nil when nothing is.
func ValidPattern(pattern string) error {
	if err := validPattern(pattern); err != nil {
		return gate.NewError(gate.CodeInvalid, fmt.Sprintf("%.200q is not a repository pattern: %v", pattern, err), nil)
	}
	return nil
}
