package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/imagegate/imagegate/internal/bench/fixture"
)

// memory is the high water of the replicas, and of their workers, in bytes.
type memory struct {
	mu               sync.Mutex // guards both
	replica, workers int64
}

// watch looks until ctx ends.
func (m *memory) watch(ctx context.Context, all []*replica) {
	for pause(ctx, 500*time.Millisecond) {
		for _, r := range all {
			pid := r.pid()
			own := highWater(pid)
			worker := int64(0)
			for _, child := range children(pid) {
				worker = max(worker, highWater(child))
			}
			m.mu.Lock()
			m.replica, m.workers = max(m.replica, own), max(m.workers, worker)
			m.mu.Unlock()
		}
	}
}

// highWater is 0 where the process has ended.
func highWater(pid int) int64 {
	size, err := fixture.Bytes(fixture.Status(fmt.Sprintf("/proc/%d/status", pid)), "VmHWM")
	if err != nil {
		return 0
	}
	return size
}
