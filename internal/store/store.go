package store

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	_ "modernc.org/sqlite" // the database driver "sqlite"

	"github.com/imagegate/imagegate/internal/gate"
)

// Store is an open database. It is safe for concurrent use. Several processes
// may have it open at once; of those on one SQLite file only one may run jobs.
type Store struct {
	engine engine
	name   string // for messages: the file, or the URL without a password
	// write runs single statements, read those that change nothing.
	write, read conn

	reusable *sql.Stmt
	latest   *sql.Stmt
	standing *sql.Stmt

	encoder *zstd.Encoder
	decoder *zstd.Decoder
	now     func() time.Time

	// live guards what is known of running evaluations and not stored.
	live struct {
		sync.Mutex
		progress map[string]gate.Progress
		moved    map[string]bool // whose progress the other replicas do not know
		shared   bool            // there may be other replicas
		done     map[string]chan struct{}
		waiting  map[string]int // how many hold a channel of done
	}
}

// maxEvidence bounds stored evidence when it is unpacked, in bytes.
const maxEvidence = 1 << 30

// Open opens a database, a URL of PostgreSQL or a file of SQLite, which is made
// if there is none, and brings its schema up to date. Errors are
// CodeUnavailable or CodeInvalid and name the database and the mend.
func Open(ctx context.Context, database string) (_ *Store, err error) {
	s := &Store{now: time.Now}
	s.live.progress, s.live.done = map[string]gate.Progress{}, map[string]chan struct{}{}
	s.live.moved, s.live.waiting = map[string]bool{}, map[string]int{}
	if s.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)); err != nil {
		return nil, err
	}
	if s.decoder, err = zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxEvidence), zstd.WithDecoderConcurrency(1)); err != nil {
		return nil, err
	}
	if IsURL(database) {
		s.live.shared = true
		err = s.openPostgres(ctx, database)
	} else {
		err = s.openSQLite(ctx, database)
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// Close closes the database.
func (s *Store) Close() error {
	s.decoder.Close()
	return s.engine.close()
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.unavailable(s.read.QueryRowContext(ctx, `SELECT 1`).Scan(&one))
}

// Size is that of the database on disk in bytes.
func (s *Store) Size(ctx context.Context) (int64, error) { return s.engine.size(ctx) }

// attempts is how often a transaction is made that another one got in the way
// of.
const attempts = 5

// transaction runs f in one write transaction; again from its beginning where
// another transaction got in its way.
func (s *Store) transaction(ctx context.Context, f func(*transaction) error) error {
	for n := 1; ; n++ {
		err := s.once(ctx, f)
		if err == nil || n == attempts || !again(err) {
			return s.unavailable(err)
		}
		select {
		case <-ctx.Done():
			return s.unavailable(err)
		case <-time.After(rand.N(time.Duration(n) * 10 * time.Millisecond)): //nolint:gosec // spread, not secret
		}
	}
}

func (s *Store) once(ctx context.Context, f func(*transaction) error) error {
	tx, err := s.engine.begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			tx.rollback()
			panic(p)
		}
	}()
	if err := f(tx); err != nil {
		tx.rollback() // the first error is the one to tell
		return err
	}
	return tx.commit()
}

func micros(t time.Time) int64 { return t.UTC().UnixMicro() }

func nullable(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: micros(t), Valid: !t.IsZero()}
}

func instant(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMicro(n.Int64).UTC()
}
