package gate

import "time"

// Grace is how long an image that passed stays admitted after a vulnerability
// of a severity is found in it. Severities without an entry have none.
type Grace map[Severity]time.Duration

// GraceExploited is the key of a Grace for vulnerabilities that are known to be
// exploited, which have it instead of their severity's.
const GraceExploited Severity = "EXPLOITED"

// grant gives the violations of a failing verdict their grace: only where the
// same digest passed before under the same policy, and only for
// vulnerabilities, which are published after an image was built. What was
// found before keeps the time it was given then. The verdict as a whole has the
// shortest of them; one violation without grace leaves it none.
func (g Grace) grant(v *Verdict, before *Standing, earlier *Verdict) {
	if len(g) == 0 || v.Decision != Fail || before == nil {
		return
	}
	passed := before.Decision == Pass
	if !passed && before.GraceUntil.IsZero() {
		return // it was failing for good
	}
	given := map[string]time.Time{}
	if !passed && earlier != nil {
		for _, f := range earlier.Violations {
			given[graceKey(f)] = f.GraceUntil
		}
	}
	var least time.Time
	for i := range v.Violations {
		f := &v.Violations[i]
		d := g[f.Severity]
		if f.Vulnerability != nil && f.Vulnerability.Exploited {
			d = g[GraceExploited]
		}
		if f.Vulnerability == nil || d <= 0 {
			least = time.Time{}
			break
		}
		f.GraceUntil = v.DecidedAt.Add(d)
		if t, known := given[graceKey(*f)]; known && !t.IsZero() {
			f.GraceUntil = t
		}
		if least.IsZero() || f.GraceUntil.Before(least) {
			least = f.GraceUntil
		}
	}
	if least.IsZero() {
		for i := range v.Violations {
			v.Violations[i].GraceUntil = time.Time{}
		}
	}
	v.GraceUntil = least
}

// graceKey tells findings apart from one night to the next.
func graceKey(f Violation) string {
	if f.Vulnerability == nil || f.Package == nil {
		return ""
	}
	return f.Platform + "\x00" + f.Package.Name + "\x00" + f.Package.Installed + "\x00" + f.Path + "\x00" + f.Vulnerability.ID
}
