package main

import (
	"os"
	"runtime/debug"
)

// The process that reads layers makes much garbage and keeps little: collecting
// it less often spares a twentieth of a check, and the limit, past which it is
// collected as often as need be, keeps memory where it was. GOGC and GOMEMLIMIT
// go before both.
const (
	readerGCPercent   = 300
	readerMemoryLimit = 256 << 20 // bytes
)

func tuneReader() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(readerGCPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(readerMemoryLimit)
	}
}
