package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

const listedColumns = `SELECT id, image, coalesce(name, ''), coalesce(repository, ''), digest, decision, policy_name, policy_digest, violations, warnings, created_at, started_at, done_at FROM listing`

// Fits reports whether a name or repository fits a pattern.
type Fits func(pattern, name string) bool

// List returns the evaluations that pass the filter, newest first, at most
// limit of them, and after a position when that is not nil. What was never
// queued (the command line's, a rescan's) counts from its decision. A pattern
// is held against names and repositories by fits, as a policy's match is.
func (s *Store) List(ctx context.Context, f gate.Filter, after *gate.Position, limit int, fits Fits) ([]gate.Listed, error) {
	if f.Image != "" {
		if err := s.nameListed(ctx); err != nil {
			return nil, err
		}
	}
	where, args, err := conditions(f, after)
	if err != nil {
		return nil, err
	}
	query := []string{listedColumns, `WHERE`, strings.Join(where, ` AND `), `ORDER BY created_at DESC, id DESC`}
	if !f.Pattern() { // a pattern is held against each row here, so SQLite cannot count them
		query, args = append(query, fmt.Sprintf(`LIMIT $%d`, len(args)+1)), append(args, limit)
	}
	rows, err := s.read.QueryContext(ctx, strings.Join(query, ` `), args...)
	if err != nil {
		return nil, s.unavailable(err)
	}
	defer func() { _ = rows.Close() }()
	out := []gate.Listed{}
	for len(out) < limit && rows.Next() {
		l, name, repository, err := scanListed(rows)
		if err != nil {
			return nil, s.unavailable(err)
		}
		if !f.Pattern() || fits(f.Image, name) || (repository != "" && fits(f.Image, repository)) {
			out = append(out, l)
		}
	}
	return out, s.unavailable(rows.Err())
}

// conditions are the filter in SQL. Every part is a constant of ours.
func conditions(f gate.Filter, after *gate.Position) (where []string, args []any, err error) {
	where = []string{"true"}
	// Each ? of a condition is the next parameter.
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, condition)
	}
	name, repository, err := f.Exact()
	if err != nil {
		return nil, nil, err
	}
	if name != "" {
		add("name = ?", name)
	}
	if repository != "" {
		add("repository = ?", repository)
	}
	if f.Pattern() {
		// What a pattern begins with, a name that fits begins with. That singles
		// out a team's images, and hardly a registry's, which are read in order.
		prefix := f.Image[:strings.IndexAny(f.Image, gate.PatternCharacters)]
		column := "name || ''" // no index
		if _, path, _ := strings.Cut(prefix, "/"); path != "" {
			column = "name"
		}
		add(column+" >= ? AND "+column+" < ?", prefix, prefix+"\U0010FFFF")
	}
	if f.Digest != "" {
		add("digest <> '' AND digest = ? AND done_at IS NOT NULL", f.Digest)
	}
	if f.Decision != "" {
		add("decision = ? AND done_at IS NOT NULL", f.Decision)
	}
	switch f.State {
	case gate.Queued:
		add("done_at IS NULL AND started_at IS NULL")
	case gate.Running:
		add("done_at IS NULL AND started_at IS NOT NULL")
	case gate.Done:
		add("done_at IS NOT NULL")
	}
	if !f.Since.IsZero() {
		add("created_at >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		add("created_at < ?", micros(f.Until))
	}
	if after != nil {
		add("(created_at, id) < (?, ?)", micros(after.CreatedAt), after.ID)
	}
	return where, args, nil
}

func scanListed(rows *sql.Rows) (l gate.Listed, name, repository string, err error) {
	var policy gate.PolicyRef
	var created int64
	var started, done sql.NullInt64
	err = rows.Scan(&l.ID, &l.Image, &name, &repository, &l.Digest, &l.Decision, &policy.Name, &policy.Digest, &l.Violations, &l.Warnings, &created, &started, &done)
	l.CreatedAt, l.DoneAt, l.State = time.UnixMicro(created).UTC(), instant(done), gate.Queued
	switch {
	case done.Valid:
		l.State = gate.Done
		if policy != (gate.PolicyRef{}) {
			l.Policy = &policy
		}
		return l, name, repository, err
	case started.Valid:
		l.State = gate.Running
	}
	// A verdict may be stored already; until it is done nobody is told.
	l.Digest, l.Decision, l.Violations, l.Warnings = "", "", 0, 0
	return l, name, repository, err
}

// nameBatch is how many rows are named in one transaction.
const nameBatch = 500

// nameListed works out the names of what was listed since the last time. SQL
// cannot do it, and the triggers that list are SQL.
func (s *Store) nameListed(ctx context.Context) error {
	for {
		var images [][2]string
		rows, err := s.read.QueryContext(ctx, `SELECT id, image FROM listing WHERE repository IS NULL LIMIT $1`, nameBatch)
		if err != nil {
			return s.unavailable(err)
		}
		for rows.Next() {
			var of [2]string
			if err := rows.Scan(&of[0], &of[1]); err != nil {
				_ = rows.Close()
				return s.unavailable(err)
			}
			images = append(images, of)
		}
		if err := rows.Err(); err != nil {
			return s.unavailable(err)
		}
		if len(images) == 0 {
			return nil
		}
		if err := s.transaction(ctx, func(tx *transaction) error {
			for _, of := range images {
				if err := s.nameOne(ctx, tx, of[0], of[1]); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
}

// nameOne stores the names of a listed image. What is no reference was refused,
// and is found by nothing but its own spelling.
func (s *Store) nameOne(ctx context.Context, tx *transaction, id, image string) error {
	ref, err := gate.ParseReference(image)
	if err != nil {
		ref = gate.Reference{Name: image}
	}
	_, err = tx.ExecContext(ctx, `UPDATE listing SET name = $1, repository = $2 WHERE id = $3`, ref.Name, ref.Repository, id)
	return s.unavailable(err)
}
