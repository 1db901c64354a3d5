// Package store keeps evaluations, verdicts and evidence in SQLite, and runs
// the jobs that make them (River). It is the only importer of SQL.
//
// A verdict never changes; the outcome of signing is kept beside it. Retention
// alone deletes verdicts, and triggers hold it to what nothing rests on. An evaluation and its job are stored in one transaction before the
// caller is told of it, so an accepted request survives the end of the process.
package store
