package servertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"
)

// PostgreSQL is the URL of a fresh, empty database, with the password of its
// owner, who may do in it what an application's role may: it is no superuser.
// All databases are of one server, which this test binary starts at the first
// call. Text sorts as English does (a < B), where PostgreSQL can, lest a query
// rely on the order of bytes.
func PostgreSQL(t testing.TB) string {
	t.Helper()
	if postgreSQLPrograms() == "" {
		absent(t, "PostgreSQL")
	}
	server, err := sharedPostgreSQL()
	if err != nil {
		t.Fatal(err)
	}
	database, err := server.createDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return database
}

// NewPostgreSQL starts a PostgreSQL server for the test alone. URL() is a
// database as PostgreSQL gives it. What is committed survives Kill.
func NewPostgreSQL(t testing.TB) *Server {
	t.Helper()
	if postgreSQLPrograms() == "" {
		absent(t, "PostgreSQL")
	}
	server, err := newPostgreSQL("synchronous_commit=on")
	if err != nil {
		t.Fatal(err)
	}
	server.t = t
	t.Cleanup(server.remove)
	if server.url, err = server.createDatabase(); err != nil {
		t.Fatal(err)
	}
	return &server.Server
}

var sharedPostgreSQL = sync.OnceValues(func() (*postgreSQL, error) { return newPostgreSQL("synchronous_commit=off") })

// postgreSQL is a PostgreSQL server.
type postgreSQL struct {
	Server
	data  string        // its data directory
	admin *url.Userinfo // the superuser
	owner *url.Userinfo // the owner of all databases that tests get
}

// newPostgreSQL starts a PostgreSQL server with the settings given.
func newPostgreSQL(settings ...string) (*postgreSQL, error) {
	dir, err := directory("postgresql")
	if err != nil {
		return nil, err
	}
	p := &postgreSQL{
		Server: Server{name: "PostgreSQL", dir: dir, orderly: syscall.SIGINT, quick: syscall.SIGQUIT},
		data:   filepath.Join(dir, "data"),
		admin:  url.UserPassword("postgres", rand.Text()),
		owner:  url.UserPassword("imagegate", rand.Text()),
	}
	if p.as, err = unprivileged(); err != nil {
		return nil, err
	}
	programs := postgreSQLPrograms()
	if err := p.initialise(filepath.Join(programs, "initdb")); err != nil {
		return nil, err
	}
	// SIGKILL loses nothing that has been handed to the kernel, so that even the
	// tests of it need no fsync.
	settings = append(settings, "fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=200",
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "timezone=UTC",
		"dynamic_shared_memory_type=mmap") // in the data directory, and gone with it
	p.command = func() *exec.Cmd {
		arguments := []string{"-D", p.data, "-p", strconv.Itoa(p.port)}
		for _, setting := range settings {
			arguments = append(arguments, "-c", setting)
		}
		return exec.Command(filepath.Join(programs, "postgres"), arguments...)
	}
	p.answers = func(ctx context.Context, _ int) error { return p.execute(ctx, "SELECT 1") }
	if err := p.startAnywhere(); err != nil {
		return nil, err
	}
	password, _ := p.owner.Password()
	return p, p.execute(context.Background(), fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", p.owner.Username(), password))
}

// initialise makes the data directory.
func (p *postgreSQL) initialise(initdb string) error {
	password, _ := p.admin.Password()
	secret := filepath.Join(p.dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return err
	}
	if p.as != nil {
		for _, file := range []string{p.dir, secret} {
			if err := os.Chown(file, int(p.as.Uid), int(p.as.Gid)); err != nil {
				return err
			}
		}
	}
	arguments := []string{"-D", p.data, "--no-sync", "--username=" + p.admin.Username(), "--pwfile=" + secret,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"}
	// ICU brings its own locales; those of the C library may not be installed.
	if help, err := exec.Command(initdb, "--help").Output(); err == nil && bytes.Contains(help, []byte("--icu-locale")) {
		arguments = append(arguments, "--locale-provider=icu", "--icu-locale=en-US")
	}
	cmd := exec.Command(initdb, arguments...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Dir = &said, &said, p.dir
	err := spawn(cmd, syscall.SIGKILL, p.as)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, said.String())
	}
	return os.Remove(secret)
}

// createDatabase makes an empty database and returns its URL.
func (p *postgreSQL) createDatabase() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	name := "test_" + strings.ToLower(rand.Text())
	// template0, because nobody can be connected to it.
	err := p.execute(ctx, fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE template0", name, p.owner.Username()))
	return p.location(p.owner, name), err
}

// execute runs a statement as the superuser. The password is this server's alone,
// so that no other server on the port can answer for it.
func (p *postgreSQL) execute(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, p.location(p.admin, "postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// location is the URL of a database.
func (p *postgreSQL) location(user *url.Userinfo, database string) string {
	return (&url.URL{Scheme: "postgres", User: user, Host: fmt.Sprintf("127.0.0.1:%d", p.port), Path: "/" + database}).String()
}

// remove ends the server and removes what it has made.
func (p *postgreSQL) remove() {
	_ = p.end(p.quick)
	// After a SIGKILL the segment of System V shared memory that keeps a second
	// server off the data directory stays in the kernel; the pid file's seventh
	// line, "KEY ID", names it.
	if text, err := os.ReadFile(filepath.Join(p.data, "postmaster.pid")); err == nil {
		if lines := strings.Split(string(text), "\n"); len(lines) > 6 {
			var key, id int
			if _, err := fmt.Sscan(lines[6], &key, &id); err == nil {
				_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
			}
		}
	}
	_ = os.RemoveAll(p.dir)
}
