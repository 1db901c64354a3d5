package identity

import "strings"

// maxSubject bounds a subject in bytes; Kubernetes' longest has about 350.
const maxSubject = 1024

// matchSubject compares a JWT's subject with a pattern. A * stands for any
// text within one part, and parts end at : and at /, so that repo:example/*:x
// reaches neither another owner nor another kind of subject; ** as the end
// stands for any rest that is not empty. Everything else stands for itself.
func matchSubject(pattern, subject string) bool {
	const ends = ":/"
	if len(subject) > maxSubject {
		return false
	}
	if head, ok := strings.CutSuffix(pattern, "**"); ok {
		for i := range subject { // the rest is not empty
			if matchStars(head, subject[:i], ends) {
				return true
			}
		}
		return false
	}
	return matchStars(pattern, subject, ends)
}

// matchStars matches * within parts, which end at any byte of ends. It goes back to the last star only: one
// that ended at a separator has nothing more to take.
func matchStars(pattern, s, ends string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0 && strings.IndexByte(ends, s[mark]) < 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
