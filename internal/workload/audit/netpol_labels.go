package audit

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"
)

// labelSets are the distinct labels of many objects, filed by each label, so
// that a selector is held only against those that can match.
type labelSets struct {
	seen    map[string]bool
	all     []labels.Set
	byLabel map[string][]labels.Set
}

func newLabelSets() *labelSets {
	return &labelSets{seen: map[string]bool{}, byLabel: map[string][]labels.Set{}}
}

func (s *labelSets) add(set labels.Set) {
	key := set.String()
	if s.seen[key] {
		return
	}
	s.seen[key] = true
	s.all = append(s.all, set)
	for k, v := range set {
		s.byLabel[k+"="+v] = append(s.byLabel[k+"="+v], set)
	}
}

// any reports whether a selector matches one of the sets. demanded are labels
// that it asks for: the rarest of them is looked up.
func (s *labelSets) any(demanded map[string]string, selector labels.Selector) bool {
	among := s.all
	for k, v := range demanded {
		if list := s.byLabel[k+"="+v]; len(list) < len(among) {
			among = list
		}
	}
	return slices.ContainsFunc(among, func(set labels.Set) bool { return selector.Matches(set) })
}
