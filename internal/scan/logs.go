//go:build goexperiment.jsonv2

package scan

import (
	"context"
	"log/slog"
	"sync"
)

// defaultLogger guards slog's process-wide default logger while a Trivy object
// that captures it is made, or while Trivy code that logs to it runs. Our own
// code never logs to the default logger.
var defaultLogger sync.Mutex

// withDefaultLogger runs f with c as slog's default.
func withDefaultLogger(c *collector, f func() error) error {
	defaultLogger.Lock()
	defer defaultLogger.Unlock()
	previous := slog.Default()
	slog.SetDefault(slog.New(collectHandler{c: c}))
	defer slog.SetDefault(previous)
	return f()
}

// silenceDefaultLogger keeps Trivy's remaining log lines off stderr. What
// matters of them is collected where it is said.
func silenceDefaultLogger() {
	defaultLogger.Lock()
	defer defaultLogger.Unlock()
	slog.SetDefault(slog.New(slog.DiscardHandler))
}

// collector keeps the log records of one layer's analysis, or of one
// detection, that mean that something was not done.
type collector struct {
	mu      sync.Mutex
	records []logRecord
}

// logRecord is one record that counts.
type logRecord struct{ message, detail string }

// maxRecords bounds what one layer can make us keep; the first say enough.
const maxRecords = 64

func (c *collector) add(r logRecord) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.records) < maxRecords {
		c.records = append(c.records, r)
	}
}

// take returns the records so far and forgets them.
func (c *collector) take() []logRecord {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.records
	c.records = nil
	return r
}

// The messages that count, as Trivy writes them.
const (
	logAnalysisError = "Analysis error"
	logPermission    = "Permission error"
	logUnknownEOL    = "This OS version is not on the EOL list"
)

// collectHandler is a slog.Handler that feeds a collector.
type collectHandler struct {
	c     *collector
	attrs []slog.Attr
}

// Enabled lets debug records through: analyzer errors are written there.
func (h collectHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h collectHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)
	return h
}

func (h collectHandler) WithGroup(string) slog.Handler { return h }

func (h collectHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Message != logAnalysisError && r.Message != logPermission && r.Message != logUnknownEOL {
		return nil
	}
	detail := ""
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "err" || a.Key == "file_path" || a.Key == "version" {
			detail += a.Value.String() + " "
		}
		return true
	})
	h.c.add(logRecord{message: r.Message, detail: bounded(detail, 300)})
	return nil
}
