package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/imagegate/imagegate/internal/gate"
)

// postgres is a database that several replicas share.
type postgres struct {
	store  *Store
	config *pgx.ConnConfig
	db     *sql.DB
	// jobs is River's own pool: its listener and its fetching need no turn
	// among our statements.
	jobs *pgxpool.Pool
}

// The connections of one replica. PostgreSQL allows 100 in all by default.
const (
	ourConnections   = 16
	riverConnections = 4
)

// IsURL reports whether a database is named by a URL, which is PostgreSQL's.
func IsURL(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

// Name is how messages call a database: a URL without password and options.
func Name(database string) string {
	if !IsURL(database) {
		return database
	}
	u, err := url.Parse(database)
	if err != nil {
		return "postgres://…" // what cannot be read may hold a password anywhere
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}

func (s *Store) openPostgres(ctx context.Context, address string) error {
	e, err := s.configure(address)
	if err != nil {
		return err
	}
	if err := e.migrate(ctx); err != nil {
		return err
	}
	e.db = stdlib.OpenDB(*e.bounded())
	e.db.SetMaxOpenConns(ourConnections)
	e.db.SetMaxIdleConns(ourConnections)
	e.db.SetConnMaxIdleTime(5 * time.Minute)
	s.write, s.read = e.db, plain{e.db}
	return s.prepareStatements(ctx, e.db)
}

// configure reads a URL.
func (s *Store) configure(address string) (e *postgres, err error) {
	e = &postgres{store: s}
	s.engine, s.name = e, Name(address)
	if e.config, err = pgx.ParseConfig(address); err != nil {
		// pgx's words quote the URL, password and all.
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("--database %s is no URL of PostgreSQL: expected postgres://USER@HOST:PORT/DATABASE", s.name), nil)
	}
	e.config.RuntimeParams["application_name"] = "imagegate"
	e.config.RuntimeParams["timezone"] = "UTC"
	// The locks of a machine that vanished must not stay for the two hours after
	// which PostgreSQL would find out.
	e.config.RuntimeParams["tcp_keepalives_idle"] = "10" // seconds
	e.config.RuntimeParams["tcp_keepalives_interval"] = "5"
	e.config.RuntimeParams["tcp_keepalives_count"] = "3"
	e.config.RuntimeParams["tcp_user_timeout"] = "20000" // milliseconds
	if e.config.ConnectTimeout == 0 {
		e.config.ConnectTimeout = 5 * time.Second
	}
	return e, nil
}

// bounded is the configuration of connections on which no answer may take
// longer than stall.
func (e *postgres) bounded() *pgx.ConnConfig {
	c := e.config.Copy()
	c.DialFunc = dialPatient(c.DialFunc)
	return c
}

func (e *postgres) close() error {
	var err error
	if e.jobs != nil {
		e.jobs.Close()
	}
	if e.db != nil {
		err = e.db.Close()
	}
	return err
}

// begin opens a transaction that River can join: it is pgx's, on a connection
// that our statements use too.
func (e *postgres) begin(ctx context.Context) (*transaction, error) {
	c, err := e.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var tx pgx.Tx
	err = c.Raw(func(driver any) (err error) {
		tx, err = driver.(*stdlib.Conn).Conn().Begin(ctx)
		return err
	})
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return &transaction{
		conn: plain{c}, postgres: tx,
		commit: func() error { return errors.Join(tx.Commit(ctx), c.Close()) },
		rollback: func() {
			// Also when ctx has ended: else the connection would be thrown away.
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_ = tx.Rollback(ending)
			_ = c.Close()
		},
	}, nil
}

// again reports whether a transaction met another one and may have more luck,
// or find what the other stored, when it is made again.
func again(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "40001", "40P01", // serialization failure, deadlock
		"23505", "23503": // stored by another meanwhile, or taken away
		return true
	}
	return false
}

func (e *postgres) migrate(ctx context.Context) error {
	// Bounded by nothing but ctx: a migration takes what it takes.
	db := stdlib.OpenDB(*e.config)
	defer func() { _ = db.Close() }()
	held, err := e.lock(ctx, "migrate", true)
	if err != nil {
		return e.store.unavailable(err)
	}
	defer held.release()
	provider, err := newProvider(goose.DialectPostgres, db)
	if err != nil {
		return e.store.unavailable(err)
	}
	if err := e.store.migrateTo(ctx, provider, db); err != nil {
		return err
	}
	pool, err := e.pool(ctx, e.config)
	if err != nil {
		return e.store.unavailable(err)
	}
	defer pool.Close()
	jobs, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err == nil {
		_, err = jobs.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	return e.store.unavailable(err)
}

// LookAtServer says what a database of PostgreSQL is, as Look does of a file. A
// schema of 0: the gate has made none yet. Errors are CodeUnavailable or
// CodeInvalid.
func LookAtServer(ctx context.Context, address string) (found Snapshot, current int64, err error) {
	s := &Store{}
	e, err := s.configure(address)
	if err != nil {
		return found, 0, err
	}
	found.File = s.name
	c, err := pgx.ConnectConfig(ctx, e.config)
	if err != nil {
		return found, 0, s.unavailable(err)
	}
	defer closeNow(c)
	var made bool
	if err := c.QueryRow(ctx, `SELECT pg_database_size(current_database()), to_regclass('goose_db_version') IS NOT NULL`).Scan(&found.Size, &made); err != nil {
		return found, 0, s.unavailable(err)
	}
	if made {
		if err := c.QueryRow(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&found.Schema); err != nil {
			return found, 0, s.unavailable(err)
		}
	}
	// Both engines' migrations have the same numbers.
	current, err = newestSchema()
	return found, current, err
}

func (e *postgres) pool(ctx context.Context, c *pgx.ConnConfig) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, err
	}
	config.ConnConfig, config.MaxConns = c, riverConnections
	return pgxpool.NewWithConfig(ctx, config)
}

// lock takes an advisory lock on a connection of its own: PostgreSQL gives it
// back when the connection ends in whatever way.
func (e *postgres) lock(ctx context.Context, name string, wait bool) (*lock, error) {
	c, err := pgx.ConnectConfig(ctx, e.config.Copy())
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte("imagegate " + name))
	key := int64(binary.BigEndian.Uint64(sum[:])) //nolint:gosec // any 64 bits do
	taken := true
	if wait {
		_, err = c.Exec(ctx, `SELECT pg_advisory_lock($1)`, key)
	} else {
		err = c.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, key).Scan(&taken)
	}
	if err == nil && !taken {
		err = errHeld
	}
	if err != nil {
		closeNow(c)
		return nil, err
	}
	return watched(c, key), nil
}

// watched is the lock that a connection holds, with an eye on the connection.
func watched(c *pgx.Conn, key int64) *lock {
	ctx, cancel := context.WithCancel(context.Background())
	lost, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(beat):
			}
			pinging, done := context.WithTimeout(ctx, lease-beat)
			err := c.Ping(pinging)
			done()
			if err != nil && ctx.Err() == nil {
				close(lost)
				return
			}
		}
	}()
	return &lock{lost: lost, release: func() {
		cancel()
		<-ended
		// The end of the connection would give it back too, a little later.
		unlocking, done := context.WithTimeout(context.Background(), time.Second)
		defer done()
		_, _ = c.Exec(unlocking, `SELECT pg_advisory_unlock($1)`, key)
		closeNow(c)
	}}
}

func closeNow(c *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.Close(ctx)
}

func (e *postgres) size(ctx context.Context) (int64, error) {
	var bytes int64
	err := e.store.read.QueryRowContext(ctx, `SELECT pg_database_size(current_database())`).Scan(&bytes)
	return bytes, e.store.unavailable(err)
}

func (*postgres) finalized() string {
	return `j.finalized_at < to_timestamp($1 / 1000000.0)`
}

func (*postgres) rows(parameter string) string {
	return `json_array_elements(CAST(` + parameter + ` AS json)) AS t(value)`
}

func (*postgres) explain(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "28P01", "28000":
			return "it refuses the user or the password: see --database-password-file"
		case "3D000":
			return "it is not there: create it first (CREATE DATABASE)"
		case "42501":
			return "its user lacks a right: let it own the database"
		case "53100":
			return "its disk is full: free space there"
		case "53300":
			return fmt.Sprintf("it has too many connections: each replica needs %d and one for each evaluation it runs, raise max_connections", ourConnections+riverConnections+3)
		case "57P01", "57P02", "57P03":
			return "it is stopping or starting: try again"
		case "25006":
			return "it can only be read: name the primary, not a standby"
		}
		return ""
	}
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return "it cannot be reached: is it running, and is its address right?"
	}
	return ""
}

// plain is a conn to PostgreSQL, whose text can hold neither a NUL nor what is
// not UTF-8. Names, reasons and errors come from anywhere.
type plain struct{ conn }

func (p plain) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.conn.ExecContext(ctx, query, cleaned(args)...)
}

func (p plain) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.conn.QueryContext(ctx, query, cleaned(args)...)
}

func (p plain) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return p.conn.QueryRowContext(ctx, query, cleaned(args)...)
}

func cleaned(args []any) []any {
	for i, a := range args {
		switch a := a.(type) {
		case string:
			args[i] = clean(a)
		case sql.NullString:
			args[i] = sql.NullString{String: clean(a.String), Valid: a.Valid}
		}
	}
	return args
}

func clean(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
