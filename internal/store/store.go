package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	_ "modernc.org/sqlite" // the database driver "sqlite"

	"github.com/imagegate/imagegate/internal/gate"
)

// Store is an open database. It is safe for concurrent use, and several
// processes may have it open at once; only one of them may run jobs.
type Store struct {
	path string
	// write has one connection: SQLite has one writer, and waiting for it in
	// Go is fairer than retrying on its lock.
	write *sql.DB
	read  *sql.DB

	reusable *sql.Stmt
	latest   *sql.Stmt
	standing *sql.Stmt

	encoder *zstd.Encoder
	decoder *zstd.Decoder
	now     func() time.Time

	// live guards what only this process knows of running evaluations.
	live struct {
		sync.Mutex
		progress map[string]gate.Progress
		done     map[string]chan struct{}
		waiting  map[string]int // how many hold a channel of done
	}
}

// maxEvidence bounds stored evidence when it is unpacked, in bytes.
const maxEvidence = 1 << 30

// Open opens the database file, makes it if there is none, and brings its
// schema up to date. Errors are CodeUnavailable and name the file and the mend.
func Open(ctx context.Context, path string) (_ *Store, err error) {
	s := &Store{path: path, now: time.Now}
	s.live.progress, s.live.done = map[string]gate.Progress{}, map[string]chan struct{}{}
	s.live.waiting = map[string]int{}
	if err := prepare(path); err != nil {
		return nil, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the database %s cannot be created: name a directory that can be written with --data", path), err)
	}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	// synchronous FULL: an accepted request must survive a loss of power, not
	// only the end of the process, and writes are few.
	if s.write, err = open(path, 1, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"); err != nil {
		return nil, s.unavailable(err)
	}
	if err := s.migrate(ctx); err != nil {
		return nil, err
	}
	if s.read, err = open(path, 4, "query_only(1)"); err != nil {
		return nil, s.unavailable(err)
	}
	if s.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)); err != nil {
		return nil, err
	}
	if s.decoder, err = zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxEvidence), zstd.WithDecoderConcurrency(1)); err != nil {
		return nil, err
	}
	return s, s.prepareStatements(ctx)
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

// open opens the file with pragmas set on every connection.
func open(path string, connections int, pragmas ...string) (*sql.DB, error) {
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

// Close closes the database.
func (s *Store) Close() error {
	var first error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db == nil {
			continue
		}
		if err := db.Close(); err != nil && first == nil {
			first = err
		}
	}
	if s.decoder != nil {
		s.decoder.Close()
	}
	return first
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return s.unavailable(err)
	}
	return nil
}

// transaction runs f in one write transaction.
func (s *Store) transaction(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return s.unavailable(err)
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // the first error is the one to tell
		return err
	}
	if err := tx.Commit(); err != nil {
		return s.unavailable(err)
	}
	return nil
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
