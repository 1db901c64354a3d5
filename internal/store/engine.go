package store

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
)

// engine is what SQLite and PostgreSQL do differently. All other SQL is one
// text for both: parameters are $1, $2, … in the order they first appear.
type engine interface {
	begin(ctx context.Context) (*transaction, error)
	// migrate brings our tables and River's up to date, one process at a time.
	migrate(ctx context.Context) error
	// lock takes a lock that no other process holds. Without wait, one that is
	// held is errHeld.
	lock(ctx context.Context, name string, wait bool) (*lock, error)
	// queue makes River's client.
	queue(ctx context.Context, j *Jobs) (queue, error)
	// tell lets the other replicas know, when the transaction is committed.
	tell(ctx context.Context, tx conn, n news) error
	size(ctx context.Context) (int64, error)
	// finalized is the condition that the job j ended before $1.
	finalized() string
	// rows is the table, with one column "value", of an array of arrays in JSON
	// that a parameter holds.
	rows(parameter string) string
	// explain tells what to do about an error of the database; "" where the
	// engine knows nothing better.
	explain(err error) string
	close() error
}

// conn runs statements: a pool, or a transaction.
type conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// transaction is a conn whose statements happen together or not at all.
type transaction struct {
	conn
	sqlite   *sql.Tx // one of the two is set
	postgres pgx.Tx
	commit   func() error
	rollback func()
}

// lock is one that is held. lost is closed when it was lost unreleased; nil
// where that cannot be.
type lock struct {
	release func()
	lost    <-chan struct{}
}

// queue is River's client in the words of this package.
type queue interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	// insert adds a job in a transaction and returns its id.
	insert(ctx context.Context, tx *transaction, args evaluate) (int64, error)
	// takeTurn sets the job's place among those that are queued.
	takeTurn(ctx context.Context, tx *transaction, job, turn int64) error
	// attend does until ctx ends what the engine has to do while jobs run.
	attend(ctx context.Context)
	// leave is the last call, after Stop.
	leave(ctx context.Context)
}
