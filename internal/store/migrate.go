package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"os"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"golang.org/x/sys/unix"

	"github.com/imagegate/imagegate/internal/gate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings our tables and River's up to date, one process at a time.
func (s *Store) migrate(ctx context.Context) error {
	unlock, err := lockFile(s.path+".lock", true)
	if err != nil {
		return s.unavailable(err)
	}
	defer unlock()
	provider, err := s.provider(s.write)
	if err != nil {
		return s.unavailable(err)
	}
	newest := newestOf(provider)
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return s.unavailable(err)
	}
	if current > newest {
		return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the database %s was written by a newer imagegate (schema %d, this one knows %d): run that version, or name another directory with --data", s.path, current, newest), nil)
	}
	if current < newest {
		if _, err := provider.Up(ctx); err != nil {
			return s.unavailable(err)
		}
	}
	jobs, err := rivermigrate.New(riversqlite.New(s.write), nil)
	if err != nil {
		return s.unavailable(err)
	}
	if _, err := jobs.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return s.unavailable(err)
	}
	return nil
}

// provider knows the migrations of a database.
func (s *Store) provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithGoMigrations(s.backfill()))
}

// newestOf is the schema that a provider brings databases to.
func newestOf(p *goose.Provider) int64 {
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}

// lockFile takes an advisory lock (flock), which the kernel gives back when the
// process ends in whatever way. Without wait, a lock that is held is an error.
func lockFile(name string, wait bool) (unlock func(), err error) {
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
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}
