package servertest_test

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/servertest"
)

func TestRedisAnswers(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t)
	if !strings.HasPrefix(server.URL(), "redis://127.0.0.1:") || !strings.HasSuffix(server.URL(), "/0") {
		t.Errorf("the URL is %s", server.URL())
	}
	if got := ask(t, server.URL(), "PING"); got != "+PONG" {
		t.Errorf("PING is answered with %q", got)
	}
}

func TestRedisKeepsItsAddressAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*servertest.Server){
		"after Stop": (*servertest.Server).Stop,
		"after Kill": (*servertest.Server).Kill,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := servertest.Redis(t)
			before := server.URL()
			if got := ask(t, before, "SET layer found"); got != "+OK" {
				t.Fatalf("SET is answered with %q", got)
			}
			end(server)
			if listens(t, before) {
				t.Fatal("the server is there")
			}
			server.Start()
			if server.URL() != before {
				t.Errorf("the URL was %s and is %s", before, server.URL())
			}
			if got := ask(t, before, "GET layer"); got != "$-1" {
				t.Errorf("GET is answered with %q, expected nothing", got)
			}
		})
	}
}

func TestRedisWithPasswordAsksForIt(t *testing.T) {
	t.Parallel()
	server := servertest.RedisWithPassword(t, "s p@ce")
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	if password, _ := u.User.Password(); password != "s p@ce" {
		t.Errorf("the URL's password is %q", password)
	}
	if got := ask(t, server.URL(), "PING"); !strings.HasPrefix(got, "-NOAUTH") {
		t.Errorf("PING without a password is answered with %q", got)
	}
	if got := ask(t, server.URL(), `AUTH "s p@ce"`); got != "+OK" {
		t.Errorf("AUTH is answered with %q", got)
	}
}

// ask sends one command and returns the first line of the answer.
func ask(t *testing.T, address, command string) string {
	t.Helper()
	conn, err := net.Dial("tcp", host(t, address))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "%s\r\n", command)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}
