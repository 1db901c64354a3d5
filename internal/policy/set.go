package policy

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/policies"
)

// Set holds policies in order and selects among them. It implements
// gate.Policies.
type Set struct {
	policies []*Policy
	// inForce is the name that decides where no match does.
	inForce string
}

// NewSet makes a set. Where nothing matches, the policy named inForce decides;
// empty stands for "default".
func NewSet(inForce string, policies ...*Policy) *Set {
	if inForce == "" {
		inForce = "default"
	}
	return &Set{policies: policies, inForce: inForce}
}

// Shipped are the policies that come with the gate. They load: a test proves it.
func Shipped() []*Policy {
	var out []*Policy
	for _, name := range policies.Names {
		data, err := policies.Files.ReadFile(name)
		if err != nil {
			panic("policy: " + err.Error()) // the embedded file system is fixed at build time
		}
		loaded, err := Load(name, data)
		if err != nil {
			panic("policy: " + err.Error())
		}
		out = append(out, loaded...)
	}
	return out
}

// Select implements gate.Policies: the named policy, or for an empty name the
// first whose match covers the reference, or else the one in force.
func (s *Set) Select(name string, ref gate.Reference) (gate.Policy, error) {
	if name == "" {
		for _, p := range s.policies {
			for _, m := range p.match {
				if matches(m, ref) {
					return p, nil
				}
			}
		}
		name = s.inForce
	}
	for _, p := range s.policies {
		if p.ref.Name == name {
			return p, nil
		}
	}
	return nil, gate.NewError(gate.CodeNotFound, fmt.Sprintf("there is no policy %q; there are %s", name, strings.Join(s.Names(), ", ")), nil)
}

// Names lists the policies in order.
func (s *Set) Names() []string {
	out := make([]string, len(s.policies))
	for i, p := range s.policies {
		out[i] = p.ref.Name
	}
	return out
}
