package worker

import "golang.org/x/sys/unix"

// hardFactor is the hard limit on data memory as a multiple of the soft heap
// limit: the Go runtime maps more than it uses.
const hardFactor = 4

// limitMemory bounds what a process may map for data (RLIMIT_DATA counts
// private writable memory, not the mapped database), so that a leak or a bomb
// ends the worker and not its neighbours.
func limitMemory(pid int, soft int64) error {
	limit := uint64(soft) * hardFactor
	return unix.Prlimit(pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: limit, Max: limit}, nil)
}
