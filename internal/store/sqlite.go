package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"golang.org/x/sys/unix"

	"github.com/imagegate/imagegate/internal/gate"
)

// sqlite is a database in a file.
type sqlite struct {
	store *Store
	path  string
	// write has one connection: SQLite has one writer, and waiting for it in
	// Go is fairer than retrying on its lock.
	write, read *sql.DB
}

func (s *Store) openSQLite(ctx context.Context, path string) error {
	e := &sqlite{store: s, path: path}
	s.engine, s.name = e, path
	err := prepare(path)
	if err != nil {
		return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the database %s cannot be created: name a directory that can be written with --data", path), err)
	}
	// synchronous FULL: an accepted request must survive a loss of power, not
	// only the end of the process, and writes are few.
	if e.write, err = openFile(path, 1, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"); err != nil {
		return s.unavailable(err)
	}
	s.write = e.write
	if err := e.migrate(ctx); err != nil {
		return err
	}
	if e.read, err = openFile(path, 4, "query_only(1)"); err != nil {
		return s.unavailable(err)
	}
	s.read = e.read
	return s.prepareStatements(ctx, e.read)
}

// prepare makes the file readable by its owner only before SQLite opens it.
func prepare(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// openFile opens the file with pragmas set on every connection.
func openFile(path string, connections int, pragmas ...string) (*sql.DB, error) {
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	dsn := "file:" + escaped + "?_txlock=immediate&_pragma=busy_timeout(10000)"
	for _, p := range pragmas {
		dsn += "&_pragma=" + p
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func (e *sqlite) close() error {
	var err error
	for _, db := range []*sql.DB{e.read, e.write} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return err
}

func (e *sqlite) begin(ctx context.Context) (*transaction, error) {
	tx, err := e.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &transaction{conn: tx, sqlite: tx, commit: tx.Commit, rollback: func() { _ = tx.Rollback() }}, nil
}

func (e *sqlite) migrate(ctx context.Context) error {
	held, err := e.lock(ctx, "lock", true)
	if err != nil {
		return e.store.unavailable(err)
	}
	defer held.release()
	provider, err := newProvider(goose.DialectSQLite3, e.write, goose.WithGoMigrations(e.store.backfill()))
	if err != nil {
		return e.store.unavailable(err)
	}
	if err := e.store.migrateTo(ctx, provider, e.write); err != nil {
		return err
	}
	jobs, err := rivermigrate.New(riversqlite.New(e.write), nil)
	if err == nil {
		_, err = jobs.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	return e.store.unavailable(err)
}

// lock takes an advisory lock (flock) on a file beside the database, which the
// kernel gives back when the process ends in whatever way.
func (e *sqlite) lock(_ context.Context, name string, wait bool) (*lock, error) {
	return lockFile(e.path+"."+name, wait)
}

func lockFile(name string, wait bool) (*lock, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	how := unix.LOCK_EX
	if !wait {
		how |= unix.LOCK_NB
	}
	if err := unix.Flock(int(f.Fd()), how); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = errHeld
		}
		return nil, err
	}
	return &lock{release: func() { _ = f.Close() }}, nil
}

// tell has nobody to tell: one process serves from a file.
func (*sqlite) tell(context.Context, conn, news) error { return nil }

// size is that of the file, with what was not yet folded into it.
func (e *sqlite) size(context.Context) (int64, error) {
	var total int64
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(e.path + suffix)
		if err == nil {
			total += info.Size()
		} else if suffix == "" {
			return 0, gate.NewError(gate.CodeUnavailable, "the database "+e.path+" is not there", err)
		}
	}
	return total, nil
}

func (*sqlite) finalized() string {
	return `julianday(j.finalized_at) < julianday($1 / 1000000.0, 'unixepoch')`
}

func (*sqlite) rows(parameter string) string { return `json_each(` + parameter + `)` }

func (*sqlite) explain(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "disk is full"), strings.Contains(text, "disk I/O"):
		return "free space on its file system, or move it with --data"
	case strings.Contains(text, "not a database"), strings.Contains(text, "malformed"):
		return "it is damaged: restore it from a backup, or move it away to begin anew"
	case strings.Contains(text, "readonly"), strings.Contains(text, "unable to open"):
		return "give the process the right to write it and its directory"
	case strings.Contains(text, "locked"), strings.Contains(text, "busy"):
		return "another process holds it for long: end that one, or try again"
	}
	return ""
}

// sqliteQueue is the queue of the one process that serves from a file.
type sqliteQueue struct {
	*river.Client[*sql.Tx]
	held *lock
}

// queue takes up what ran when an earlier process ended. CodeConflict when
// another process runs the jobs of this file.
func (e *sqlite) queue(ctx context.Context, j *Jobs) (queue, error) {
	held, err := e.lock(ctx, "jobs", false)
	if err != nil {
		return nil, gate.NewError(gate.CodeConflict, fmt.Sprintf("another process serves from the database %s: end it, or name another directory with --data", e.path), err)
	}
	if err := e.takeUp(ctx); err != nil {
		held.release()
		return nil, err
	}
	client, err := river.NewClient(riversqlite.New(e.write), j.config())
	if err != nil {
		held.release()
		return nil, e.store.unavailable(err)
	}
	return &sqliteQueue{client, held}, nil
}

// takeUp puts back what an earlier process left running. The lock says that it
// is gone, so there is nothing to wait for.
func (e *sqlite) takeUp(ctx context.Context) error {
	return e.store.transaction(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE river_job SET state = 'available', max_attempts = max(max_attempts, attempt + 1) WHERE state = 'running'`)
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM river_leader`)
		}
		return e.store.unavailable(err)
	})
}

func (q *sqliteQueue) insert(ctx context.Context, tx *transaction, args evaluate) (int64, error) {
	inserted, err := q.InsertTx(ctx, tx.sqlite, args, nil)
	if err != nil {
		return 0, err
	}
	return inserted.Job.ID, nil
}

func (q *sqliteQueue) takeTurn(ctx context.Context, tx *transaction, job, turn int64) error {
	// River compares times as text of this form.
	_, err := tx.ExecContext(ctx, `UPDATE river_job SET scheduled_at = $1, priority = $2 WHERE id = $3`, turnTime(turn).Format("2006-01-02 15:04:05.000"), waiting, job)
	return err
}

func (q *sqliteQueue) attend(ctx context.Context) { <-ctx.Done() }

func (q *sqliteQueue) leave(context.Context) { q.held.release() }
