package audit

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// netpolSet finds the policies that select a pod without asking all of them:
// most selectors demand a label, and are filed under the rarest they demand.
type netpolSet struct {
	byLabel map[string][]*netpol
	rest    []*netpol // selectors that demand no label
	opaque  []*netpol // selectors that cannot be evaluated
}

func newNetpolSet(list []*netpol) *netpolSet {
	s := &netpolSet{byLabel: map[string][]*netpol{}}
	common := map[string]int{}
	for _, n := range list {
		for _, d := range demands(n.selector) {
			common[d[0]]++
		}
	}
	for _, n := range list {
		alternatives := demands(n.selector)
		switch {
		case n.selector == nil:
			s.opaque = append(s.opaque, n)
		case len(alternatives) == 0:
			s.rest = append(s.rest, n)
		default:
			rarest := slices.MinFunc(alternatives, func(a, b []string) int { return common[a[0]] - common[b[0]] })
			for _, label := range rarest {
				s.byLabel[label] = append(s.byLabel[label], n)
			}
		}
	}
	return s
}

// demands are the labels without which a selector matches nothing: for each of
// its requirements those of which one must be there.
func demands(selector labels.Selector) [][]string {
	if selector == nil {
		return nil
	}
	var all [][]string
	requirements, _ := selector.Requirements()
	for _, r := range requirements {
		switch r.Operator() {
		case selection.In, selection.Equals, selection.DoubleEquals:
			var one []string
			for _, value := range r.ValuesUnsorted() {
				one = append(one, r.Key()+"="+value)
			}
			all = append(all, one)
		case selection.Exists:
			all = append(all, []string{r.Key()})
		}
	}
	return all
}

// any reports whether a policy that selects the labels satisfies want.
func (s *netpolSet) any(set labels.Set, want func(*netpol) bool) bool {
	for _, list := range s.candidates(set) {
		for _, n := range list {
			if want(n) && n.selector.Matches(set) {
				return true
			}
		}
	}
	return false
}

func (s *netpolSet) candidates(set labels.Set) [][]*netpol {
	lists := [][]*netpol{s.rest}
	for k, v := range set {
		lists = append(lists, s.byLabel[k+"="+v], s.byLabel[k])
	}
	return lists
}
