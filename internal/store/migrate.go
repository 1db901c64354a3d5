package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/imagegate/imagegate/internal/gate"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// migrateTo brings our tables up to date. A database that a newer program has
// migrated serves this one too, as long as that one says so.
func (s *Store) migrateTo(ctx context.Context, provider *goose.Provider, db conn) error {
	newest := newestOf(provider)
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return s.unavailable(err)
	}
	if current > newest {
		var oldest int64
		if err := db.QueryRowContext(ctx, `SELECT oldest FROM compatible`).Scan(&oldest); err != nil || oldest > newest {
			return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the database %s was written by a newer imagegate (schema %d, this one knows %d): run that version, or name another database", s.name, current, newest), err)
		}
		return nil
	}
	if current < newest {
		_, err = provider.Up(ctx)
	}
	return s.unavailable(err)
}

// newProvider knows the migrations of a dialect.
func newProvider(dialect goose.Dialect, db *sql.DB, o ...goose.ProviderOption) (*goose.Provider, error) {
	directory := map[goose.Dialect]string{goose.DialectSQLite3: "migrations/sqlite", goose.DialectPostgres: "migrations/postgres"}[dialect]
	files, err := fs.Sub(migrations, directory)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, db, files, append(o, goose.WithDisableGlobalRegistry(true))...)
}

// newestOf is the schema that a provider brings databases to.
func newestOf(p *goose.Provider) int64 {
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}
