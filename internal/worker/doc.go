// Package worker runs layer reading and Trivy in a process of its own: the
// same binary started again, with a clean environment, no signing key and no
// store, so that whatever hostile bytes do to it costs one evaluation and
// never the key (design, promise 9).
//
// Parent and worker speak frames over the worker's standard input and output:
// one job at a time, progress and layer analyses on the way, a result or an
// error at the end. The parent checks every name and size it is told.
package worker
