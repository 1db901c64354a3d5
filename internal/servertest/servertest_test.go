package servertest_test

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/imagegate/imagegate/internal/servertest"
)

func TestADatabaseIsEmptyAndItsOwnersAlone(t *testing.T) {
	t.Parallel()
	first, second := servertest.PostgreSQL(t), servertest.PostgreSQL(t)
	if host(t, first) != host(t, second) {
		t.Errorf("%s and %s are two servers, expected one for the test binary", host(t, first), host(t, second))
	}
	execute(t, first, "CREATE TABLE verdicts (id int)")
	const tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
	if got := value[int](t, first, tables); got != 1 {
		t.Errorf("the first database has %d tables, expected the one just made", got)
	}
	if got := value[int](t, second, tables); got != 0 {
		t.Errorf("the second database has %d tables, expected none", got)
	}
	if value[bool](t, first, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") {
		t.Error("the owner of the database is a superuser: tests would not see what an application's role may not do")
	}
}

func TestWhatAQueryMayRelyOnIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	database := servertest.PostgreSQL(t)
	if got := value[string](t, database, "SHOW timezone"); got != "UTC" {
		t.Errorf("the time zone is %s, expected UTC", got)
	}
	if value[string](t, database, "SELECT datlocprovider::text FROM pg_database WHERE datname = current_database()") != "i" {
		t.Fatal("this PostgreSQL was built without ICU: mistakes with collations stay hidden")
	}
	if got := value[string](t, database, "SELECT string_agg(w, '' ORDER BY w) FROM unnest(ARRAY['B', 'a', 'C']) w"); got != "aBC" {
		t.Errorf("letters sort as %s, expected aBC and not the order of bytes", got)
	}
}

func TestManyTestsAskForADatabaseAtOnce(t *testing.T) {
	t.Parallel()
	const many = 8
	urls := make(chan string, many)
	t.Run("all", func(t *testing.T) {
		for range many {
			t.Run("one", func(t *testing.T) {
				t.Parallel()
				urls <- servertest.PostgreSQL(t)
			})
		}
	})
	close(urls)
	var seen []string
	for u := range urls {
		if slices.Contains(seen, u) {
			t.Errorf("two tests got one database")
		}
		seen = append(seen, u)
	}
	if len(seen) != many {
		t.Errorf("%d tests got a database, expected %d", len(seen), many)
	}
}

func TestWhatIsCommittedSurvivesKill(t *testing.T) {
	t.Parallel()
	server := servertest.NewPostgreSQL(t)
	database := server.URL()
	execute(t, database, "CREATE TABLE verdicts (id int)")
	open := connect(t, database)
	for range 3 {
		execute(t, database, "INSERT INTO verdicts VALUES (1)")
		server.Kill()
		if listens(t, database) {
			t.Fatal("the server is there after Kill")
		}
		server.Start()
	}
	if err := open.Ping(t.Context()); err == nil {
		t.Error("a connection from before Kill is alive")
	}
	if got := value[int](t, database, "SELECT count(*) FROM verdicts"); got != 3 {
		t.Errorf("%d rows are there, expected all 3 that were committed", got)
	}
}

func TestKillEndsAQueryThatRuns(t *testing.T) {
	t.Parallel()
	server := servertest.NewPostgreSQL(t)
	conn := connect(t, server.URL())
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "SELECT pg_sleep(600)")
		ended <- err
	}()
	for value[int](t, server.URL(), "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'") != 1 {
		if len(ended) > 0 {
			t.Fatalf("the query ended before Kill: %v", <-ended)
		}
	}
	server.Kill()
	if err := <-ended; err == nil {
		t.Error("the query ended well")
	}
}

func TestStopAndStartKeepDataAndAddress(t *testing.T) {
	t.Parallel()
	server := servertest.NewPostgreSQL(t)
	before := server.URL()
	execute(t, before, "CREATE TABLE verdicts (id int)")
	server.Stop()
	server.Stop() // it is down: nothing to do
	server.Kill()
	if listens(t, before) {
		t.Fatal("the server is there after Stop")
	}
	server.Start()
	server.Start() // it is up: nothing to do
	if server.URL() != before {
		t.Errorf("the URL was %s and is %s", before, server.URL())
	}
	if got := value[int](t, before, "SELECT count(*) FROM verdicts"); got != 0 {
		t.Errorf("%d rows, expected an empty table", got)
	}
}

func execute(t *testing.T, database, statement string) {
	t.Helper()
	conn := connect(t, database)
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func value[T any](t *testing.T, database, query string) T {
	t.Helper()
	conn := connect(t, database)
	defer func() { _ = conn.Close(t.Context()) }()
	var v T
	if err := conn.QueryRow(t.Context(), query).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func connect(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func host(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(u.Host, "127.0.0.1:") {
		t.Fatalf("the server is on %s, expected loopback", u.Host)
	}
	return u.Host
}

func listens(t *testing.T, address string) bool {
	t.Helper()
	conn, err := net.Dial("tcp", host(t, address))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
