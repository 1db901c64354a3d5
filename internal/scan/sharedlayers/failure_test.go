package sharedlayers

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/servertest"
)

// listen answers each connection as told, until the test ends.
func listen(t *testing.T, answer func(net.Conn)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go answer(conn)
		}
	}()
	return "redis://" + l.Addr().String() + "/0"
}

// silent is a Redis that takes everything and says nothing.
func silent(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func manyLayers(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("sha256:%064x", i)
	}
	return ids
}

func TestARedisThatFailsCostsALittleOnce(t *testing.T) {
	server := servertest.Redis(t)
	server.Stop()
	for _, test := range []struct {
		name, url string
		most      time.Duration // of the first image
	}{
		{"not there", server.URL(), time.Second},
		{"slow", listen(t, silent), patience + time.Second},
		{"gone after the first word", listen(t, func(c net.Conn) { _ = c.Close() }), time.Second},
		{"no Redis", listen(t, func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); silent(c) }), patience + time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newWatched(t, Options{URL: test.url})
			took := func(do func()) time.Duration { began := time.Now(); do(); return time.Since(began) }
			d := &memory{held: map[string]string{}}
			if first := took(func() { c.Fill(t.Context(), d, generation, manyLayers(100)) }); first > test.most {
				t.Errorf("the first image waited %s", first)
			}
			if again := took(func() { c.Fill(t.Context(), d, generation, manyLayers(100)) }); again > 100*time.Millisecond {
				t.Errorf("the next image waited %s", again)
			}
			if err := c.Put(t.Context(), generation, diffID, []byte("facts")); gate.CodeOf(err) != gate.CodeUnavailable {
				t.Errorf("storing: %v", err)
			}
			if c.outcomes[Failed] > atOnce+1 || c.outcomes[Skipped] < 190 {
				t.Errorf("counted %v", c.outcomes)
			}
			if n := strings.Count(c.log.String(), "level=WARN"); n != 2 { // reading, and storing
				t.Errorf("%d warnings:\n%s", n, c.log.String())
			}
			began := time.Now()
			if err := c.Reachable(t.Context()); err == nil || time.Since(began) > time.Second {
				t.Errorf("reachable: %v after %s", err, time.Since(began))
			}
		})
	}
}

func TestACallerThatGoesAwayIsNoFailureOfRedis(t *testing.T) {
	c := newWatched(t, Options{URL: listen(t, silent)})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	if got := c.Get(ctx, generation, diffID); got != nil || time.Since(began) > patience+time.Second {
		t.Errorf("got %q after %s", got, time.Since(began))
	}
	c.expect(t, nil)
	if err := c.reading.refuses(time.Now()); err != nil {
		t.Errorf("Redis is left alone: %v", err)
	}
}

func TestOneCallTriesForAllAfterARest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b breaker
		away := errors.New("away")
		if err := b.refuses(time.Now()); err != nil || !b.ended(away, time.Now()) {
			t.Fatalf("the first call is refused (%v), or its failure is no news", err)
		}
		time.Sleep(rest - time.Nanosecond)
		if !errors.Is(b.refuses(time.Now()), away) {
			t.Error("it is not left alone for the whole rest")
		}
		time.Sleep(time.Nanosecond)
		if err := b.refuses(time.Now()); err != nil {
			t.Errorf("nobody may try after the rest: %v", err)
		}
		if b.refuses(time.Now()) == nil {
			t.Error("two may try at once")
		}
		if b.ended(away, time.Now()) {
			t.Error("the second failure is news")
		}
		time.Sleep(rest)
		if b.refuses(time.Now()) != nil || !b.ended(nil, time.Now()) || b.refuses(time.Now()) != nil {
			t.Error("an answer does not end it")
		}
	})
}

func TestWarningsOfAKindComeOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s seldom
		for _, step := range []struct {
			wait time.Duration
			say  int
		}{{0, 1}, {time.Second, 0}, {time.Second, 0}, {between, 3}, {between, 1}} {
			time.Sleep(step.wait)
			if got := s.more(time.Now()); got != step.say {
				t.Errorf("after another %s it speaks of %d, want %d", step.wait, got, step.say)
			}
		}
	})
}

func TestARedisThatComesBackIsUsedAgain(t *testing.T) {
	server := servertest.Redis(t)
	c := newWatched(t, Options{URL: server.URL()})
	if err := c.Reachable(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	err := c.Reachable(t.Context())
	if err == nil || !strings.Contains(err.Error(), "check that it runs, and that --shared-layers is its address") || !strings.Contains(err.Error(), c.Address()) {
		t.Errorf("while it is away: %v", err)
	}
	server.Start()
	c.reading.until = time.Now() // the rest is over
	if err := c.Reachable(t.Context()); err != nil {
		t.Errorf("when it is back: %v", err)
	}
	if !strings.Contains(c.log.String(), "answer again") {
		t.Errorf("the log does not say so:\n%s", c.log.String())
	}
}

func TestARefusedPasswordIsSaidAndNotShown(t *testing.T) {
	const wrong = "wr0ng-p4ss"
	server := servertest.RedisWithPassword(t, "the-right-one")
	_, address, _ := strings.Cut(server.URL(), "@")
	// What Redis 5 and some proxies say to HELLO 3 AUTH default PASSWORD.
	parrot := listen(t, func(conn net.Conn) {
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			if strings.Contains(lines.Text(), wrong) {
				fmt.Fprintf(conn, "-WRONGPASS unknown command 'HELLO', with args beginning with: '3' 'auth' 'default' '%s'\r\n", wrong)
			}
		}
	})
	for _, test := range []struct {
		name string
		o    Options
		mend string
	}{
		{"wrong in the URL", Options{URL: "redis://:" + wrong + "@" + address}, "name the right password with --shared-layers-password-file"},
		{"wrong in a file", Options{URL: server.URL(), Password: wrong}, "name the right password with --shared-layers-password-file"},
		{"none", Options{URL: "redis://" + address}, "give it a password with --shared-layers-password-file"},
		{"repeated by the server", Options{URL: parrot, Password: wrong}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newWatched(t, test.o)
			err := c.Reachable(t.Context())
			if gate.CodeOf(err) != gate.CodeUnavailable || !strings.Contains(err.Error(), test.mend) {
				t.Errorf("got %v", err)
			}
			for _, secret := range []string{wrong, "the-right-one"} {
				if strings.Contains(fmt.Sprint(err)+c.log.String(), secret) {
					t.Errorf("the password is shown: %v\n%s", err, c.log.String())
				}
			}
		})
	}
	if err := newWatched(t, Options{URL: server.URL()}).Reachable(t.Context()); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

func TestAddressesThatCannotBeUsed(t *testing.T) {
	for url, want := range map[string]string{
		"":                                     "does not begin with redis://",
		"localhost:6379":                       "does not begin with redis://",
		"http://:hunter2@localhost:6379":       "does not begin with redis://",
		"unix:///run/redis.sock":               "does not begin with redis://",
		"redis://":                             "names no host",
		"redis:///0":                           "names no host",
		"redis://:hunter2@localhost/zero":      "number of a database",
		"redis://:hunter2/x@localhost:6379/0":  "is no URL",
		"redis://:hunter2%zz@localhost:6379":   "is no URL",
		"redis://h:1/0?password=hunter2":       "takes no options",
		"redis://:hunt#er2@localhost:6379":     "is no URL",
		"redis://localhost:6379/0#hunter2":     "takes no options",
		"rediss://:hunter2@localhost:port/0":   "is no URL",
		"redis://:hunter2@localhost:6379/0/0/": "number of a database",
	} {
		_, err := New(Options{URL: url, Key: key})
		if gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunt") {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := New(Options{URL: "redis://localhost", Key: key[1:]}); err == nil {
		t.Error("a short key was taken")
	}
}

func TestRedissIsTLS(t *testing.T) {
	server := servertest.Redis(t)
	_, behind, _ := strings.Cut(strings.TrimSuffix(server.URL(), "/0"), "//")
	web := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(web.Close)
	front := listen(t, func(plain net.Conn) {
		conn := tls.Server(plain, &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12})
		redis, err := net.Dial("tcp", behind)
		if err != nil {
			return
		}
		defer func() { _ = redis.Close() }()
		go func() { _, _ = io.Copy(redis, conn) }()
		_, _ = io.Copy(conn, redis)
	})
	front = strings.Replace(front, "redis:", "rediss:", 1)
	roots := x509.NewCertPool()
	if err := newWatched(t, Options{URL: front, Roots: roots}).Reachable(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of nobody's: %v", err)
	}
	roots.AddCert(web.Certificate())
	c := newWatched(t, Options{URL: front, Roots: roots})
	if err := c.Put(t.Context(), generation, diffID, []byte("facts")); err != nil {
		t.Fatal(err)
	}
	if got := c.Get(t.Context(), generation, diffID); string(got) != "facts" {
		t.Errorf("read %q", got)
	}
}
