package identity

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bounds how often each caller calls. The zero value is ready to use,
// and it is safe for concurrent use.
type Limits struct {
	mu      sync.Mutex // guards callers
	callers map[string]*rate.Limiter
}

// Take counts a call at now, and returns how long a caller who may not call yet
// has to wait. A minute's worth of calls may come at once. Callers are known by
// name, so there are as many as rights and tokens name.
func (l *Limits) Take(name string, perMinute int, now time.Time) (wait time.Duration) {
	if perMinute <= 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter := l.callers[name]
	if limiter == nil || limiter.Burst() != perMinute {
		if l.callers == nil {
			l.callers = map[string]*rate.Limiter{}
		}
		limiter = rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute)
		l.callers[name] = limiter
	}
	r := limiter.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return wait
}
