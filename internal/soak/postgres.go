package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/imagegate/imagegate/internal/bench/fixture"
)

// The one database, its owner and the owner's password.
const (
	databaseName     = "imagegate"
	databasePassword = "soak-0f3c1a"
)

// program finds one that is not PostgreSQL's.
func program(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("there is no program %s: apt-get install postgresql redis-server docker-registry", name)
	}
	return path, nil
}

// newPostgres makes a cluster in dir/postgres. Commits go to disk, as on a
// server that matters.
func (s *stage) newPostgres(port int) error {
	initdb, err := fixture.PostgreSQLProgram("initdb")
	if err != nil {
		return err
	}
	server, err := fixture.PostgreSQLProgram("postgres")
	if err != nil {
		return err
	}
	who, err := fixture.Unprivileged()
	if err != nil {
		return err
	}
	data, password := filepath.Join(s.dir, "postgres"), filepath.Join(s.dir, "password")
	if err := os.WriteFile(password, []byte(databasePassword), 0o644); err != nil {
		return err
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if who != nil {
		if err := os.Chown(data, int(who.Uid), int(who.Gid)); err != nil {
			return err
		}
	}
	cmd := exec.Command(initdb, "--pgdata", data, "--username", databaseName, "--pwfile", password, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C")
	cmd.Dir, cmd.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: who}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.postgres = &process{name: "postgres", port: port, user: who, log: s.logFile("postgres"),
		ready: func() error { _, err := s.query("postgres", "SELECT 1"); return err },
		args:  []string{server, "-D", data, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200"}}
	if err := s.postgres.start(); err != nil {
		return err
	}
	_, err = s.query("postgres", "CREATE DATABASE "+databaseName)
	return err
}

// ask is a query of the gate's database, and its rows.
func (s *stage) ask(sql string) ([][]string, error) { return s.query(databaseName, sql) }

// query asks PostgreSQL itself, not through the proxy.
func (s *stage) query(database, sql string) ([][]string, error) {
	psql, err := fixture.PostgreSQLProgram("psql")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(psql, "-h", "127.0.0.1", "-p", strconv.Itoa(s.postgres.port), "-U", databaseName, "-d", database, "--no-psqlrc", "--quiet", "--tuples-only", "--csv", "-v", "ON_ERROR_STOP=1", "-c", sql)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+databasePassword, "PGCONNECT_TIMEOUT=10")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", sql, err, strings.TrimSpace(errs.String()))
	}
	r := csv.NewReader(&out)
	r.FieldsPerRecord = -1
	return r.ReadAll()
}

// number is the one figure that a query gives.
func (s *stage) number(sql string) (int, error) {
	rows, err := s.ask(sql)
	if err != nil {
		return 0, err
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return 0, fmt.Errorf("%s gives %d rows, expected one figure", sql, len(rows))
	}
	return strconv.Atoi(rows[0][0])
}
