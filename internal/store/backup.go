package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/imagegate/imagegate/internal/gate"
)

// Snapshot is what is known of a database file.
type Snapshot struct {
	File   string `json:"file"`
	Size   int64  `json:"size"` // bytes
	Schema int64  `json:"schema"`
}

// Backup writes a consistent copy of the database to a new file that its owner
// alone may read, while others read and write the database. The copy holds one
// moment whole: each request that was answered before Backup was called is in
// it. A file that exists is left alone: CodeConflict.
func Backup(ctx context.Context, database, file string) (_ Snapshot, err error) {
	if err := onlyFiles(database, "pg_dump -Fc makes a backup of"); err != nil {
		return Snapshot{}, err
	}
	if _, err := os.Stat(database); err != nil {
		return Snapshot{}, gate.NewError(gate.CodeNotFound, fmt.Sprintf("there is no database %s: name the directory it is in with --data", database), err)
	}
	// The name is taken first, and the copy takes its place when it is whole.
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return Snapshot{}, gate.NewError(gate.CodeConflict, fmt.Sprintf("%s exists: name another file, a backup is never overwritten", file), nil)
	}
	if err != nil {
		return Snapshot{}, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the backup %s cannot be written", file), err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file)
		}
	}()
	if err := f.Close(); err != nil {
		return Snapshot{}, err
	}
	if err := copyInto(ctx, database, file); err != nil {
		return Snapshot{}, err
	}
	return Verify(ctx, file)
}

// onlyFiles refuses a database that PostgreSQL's own programs care for.
func onlyFiles(database, mend string) error {
	if !IsURL(database) {
		return nil
	}
	return gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s %s, all of it in one", mend, Name(database)), nil)
}

// copyInto makes a copy of a database beside file, and puts it in file's place.
func copyInto(ctx context.Context, database, file string) (err error) {
	s := &Store{name: database, engine: &sqlite{}}
	db, err := openFile(database, 1)
	if err != nil {
		return s.unavailable(err)
	}
	defer func() { _ = db.Close() }()
	fresh := file + ".new"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600) // SQLite takes an empty file for none
	if err != nil {
		return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%s cannot be written", fresh), err)
	}
	defer func() {
		_ = f.Close()
		if err != nil {
			_ = os.Remove(fresh)
		}
	}()
	if _, err = db.ExecContext(ctx, `VACUUM INTO $1`, fresh); err != nil {
		return s.unavailable(err)
	}
	if err = f.Sync(); err == nil {
		err = os.Rename(fresh, file)
	}
	if err == nil {
		err = syncDir(filepath.Dir(file))
	}
	if err != nil {
		return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%s cannot be written", file), err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Verify reads a database file whole and says what it is. CodeInvalid: it is
// damaged, is no database of the gate, or was written by a newer one.
func Verify(ctx context.Context, file string) (Snapshot, error) {
	out, err := inspect(ctx, file, "integrity_check")
	if err != nil {
		return out, err
	}
	newest, err := newestSchema()
	if err != nil {
		return out, err
	}
	if out.Schema > newest {
		return out, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s was written by a newer imagegate (schema %d, this one knows %d): restore it with that version", file, out.Schema, newest), nil)
	}
	return out, nil
}

// Look says what a database file is, and whether it is sound as far as can be
// told quickly. It neither makes it nor changes its schema. Current is the
// schema this program writes.
func Look(ctx context.Context, file string) (found Snapshot, current int64, err error) {
	if current, err = newestSchema(); err != nil {
		return found, 0, err
	}
	found, err = inspect(ctx, file, "quick_check")
	return found, current, err
}

// inspect opens a file for reading and runs one of SQLite's checks over it.
func inspect(ctx context.Context, file, check string) (Snapshot, error) {
	out := Snapshot{File: file}
	info, err := os.Stat(file)
	if err != nil {
		return out, gate.NewError(gate.CodeNotFound, fmt.Sprintf("there is no file %s", file), err)
	}
	out.Size = info.Size()
	db, err := openFile(file, 1, "query_only(1)")
	if err != nil {
		return out, notSound(file, err)
	}
	defer func() { _ = db.Close() }()
	said, err := pragma(ctx, db, check)
	if err != nil {
		return out, notSound(file, err)
	}
	if said != "ok" {
		return out, notSound(file, fmt.Errorf("%.300s", strings.ReplaceAll(said, "\n", " ")))
	}
	var schema sql.NullInt64
	err = db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&schema)
	if err != nil || !schema.Valid || schema.Int64 == 0 {
		return out, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s is no database of imagegate", file), err)
	}
	out.Schema = schema.Int64
	return out, nil
}

// pragma runs a check and returns the first lines it says.
func pragma(ctx context.Context, db *sql.DB, check string) (string, error) {
	rows, err := db.QueryContext(ctx, `PRAGMA `+check+`(5)`) //nolint:gosec // one of two words of ours
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return "", err
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; "), rows.Err()
}

func notSound(file string, cause error) error {
	return gate.NewError(gate.CodeInvalid, fmt.Sprintf("the database %s is damaged, or is none: take another backup", file), cause)
}

// newestSchema is the schema this program brings databases to.
func newestSchema() (int64, error) {
	nowhere, err := sql.Open("sqlite", ":memory:") // goose wants one, and asks it nothing
	if err != nil {
		return 0, err
	}
	defer func() { _ = nowhere.Close() }()
	provider, err := newProvider(goose.DialectSQLite3, nowhere, goose.WithGoMigrations((&Store{}).backfill()))
	if err != nil {
		return 0, err
	}
	return newestOf(provider), nil
}

// asideFormat is how files that made way are named after their time.
const asideFormat = "20060102T150405Z"

// Restore puts a backup in the place of the database. The backup is verified
// first. CodeConflict: a process serves from the database or has it open, or
// one is there already and force is not given. With force the old one is kept
// beside it under the returned name.
func Restore(ctx context.Context, file, database string, force bool) (restored Snapshot, aside string, err error) {
	if err := onlyFiles(database, "pg_restore puts a backup into"); err != nil {
		return restored, "", err
	}
	if restored, err = Verify(ctx, file); err != nil {
		return restored, "", err
	}
	if err := os.MkdirAll(filepath.Dir(database), 0o700); err != nil {
		return restored, "", gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the directory of %s cannot be made", database), err)
	}
	for _, name := range []string{".jobs", ".lock"} {
		held, err := lockFile(database+name, false)
		if err != nil {
			return restored, "", gate.NewError(gate.CodeConflict, fmt.Sprintf("a process serves from the database %s: end it first", database), err)
		}
		defer held.release()
	}
	// The copy is made before the old one makes way: a full disk leaves all
	// as it was.
	fresh := database + ".restored"
	if err := copyInto(ctx, file, fresh); err != nil {
		return restored, "", err
	}
	defer func() { _ = os.Remove(fresh) }()
	if _, err := os.Lstat(database); err == nil {
		if !force {
			return restored, "", gate.NewError(gate.CodeConflict, fmt.Sprintf("there is a database %s already: --force keeps it aside and puts the backup in its place", database), nil)
		}
		if aside, err = setAside(ctx, database); err != nil {
			return restored, "", err
		}
	}
	if err := errors.Join(os.Rename(fresh, database), syncDir(filepath.Dir(database))); err != nil {
		return restored, aside, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the database %s cannot be put in place", database), err)
	}
	restored.File = database
	return restored, aside, nil
}

// setAside renames a database, with the files SQLite keeps beside it.
func setAside(ctx context.Context, database string) (string, error) {
	if db, err := openFile(database, 1, "busy_timeout(500)"); err == nil {
		// Leaving the write-ahead log needs the database for oneself, and
		// folds the log into the file.
		_, err := db.ExecContext(ctx, `PRAGMA journal_mode = DELETE`)
		_ = db.Close()
		if err != nil && (strings.Contains(err.Error(), "locked") || strings.Contains(err.Error(), "busy")) {
			return "", gate.NewError(gate.CodeConflict, fmt.Sprintf("a process has the database %s open: end it first", database), err)
		}
	}
	aside := database + ".before-" + time.Now().UTC().Format(asideFormat)
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Rename(database+suffix, aside+suffix); err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return "", gate.NewError(gate.CodeUnavailable, fmt.Sprintf("the database %s cannot be set aside", database), err)
		}
	}
	return aside, nil
}
