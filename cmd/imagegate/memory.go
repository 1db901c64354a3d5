package main

import (
	"os"
	"runtime/debug"
)

// A process that reads layers makes much garbage and keeps little. The command
// line's collects it less often, which spares a twentieth of a check; workers,
// of which there are several beside a service, more often than Go does by
// itself. The limit is where both collect as often as need be. GOGC and
// GOMEMLIMIT, which the service sets for its workers, go before.
const (
	readerGCPercent   = 300
	workerGCPercent   = 60
	readerMemoryLimit = 256 << 20 // bytes
)

func tune(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(readerMemoryLimit)
	}
}
