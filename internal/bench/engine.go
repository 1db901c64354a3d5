package main

import (
	"errors"
	"fmt"

	"github.com/imagegate/imagegate/internal/bench/fixture"
)

// rows makes some on a service that keeps its verdicts in the engine of that
// name, and gets the flags for it.
type rows func(engine string, args ...string) error

// onBoth makes rows on SQLite, and on PostgreSQL.
func (b *bench) onBoth(what string, r rows) error {
	if err := r("SQLite"); err != nil {
		return err
	}
	return b.onPostgreSQL(what, r)
}

// onPostgreSQL makes rows on a fresh server, or says what to install for that.
func (b *bench) onPostgreSQL(what string, r rows) error {
	server, err := fixture.StartPostgreSQL(b.ctx)
	if errors.Is(err, fixture.ErrNoPostgreSQL) {
		fmt.Printf("%-46s %s\n", what, err)
		return nil
	}
	if err != nil {
		return err
	}
	defer server.Stop()
	return r("PostgreSQL", "--database", server.URL, "--database-password-file", server.PasswordFile)
}
