package sharedlayers

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// scripted is a connection on which certain bytes come, one at a time.
type scripted struct {
	net.Conn
	read func([]byte) (int, error)
}

func (s scripted) Read(b []byte) (int, error) { return s.read(b) }

func TestAConnectionBreaksWhenMoreIsAnnouncedThanIsAskedFor(t *testing.T) {
	for _, test := range []struct {
		name, stream string
		breaks       bool
	}{
		{"a version", "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n", false},
		{"nothing", "$-1\r\n*-1\r\n_\r\n", false},
		{"a string with lines that look like lengths", "$24\r\n$99999999999\r\n*999999\r\n\r\n+OK\r\n", false},
		{"an empty string before another", "$0\r\n\r\n$2\r\nab\r\n", false},
		{"errors", strings.Repeat("-ERR no\r\n", 1000), false},
		{"the largest string", fmt.Sprintf("$%d\r\n", maxString), false},
		{"a larger one", fmt.Sprintf("$%d\r\n", maxString+1), true},
		{"a larger error", fmt.Sprintf("!%d\r\n", maxString+1), true},
		{"a larger verbatim string", fmt.Sprintf("=%d\r\n", maxString+1), true},
		{"a larger one after a string", fmt.Sprintf("$2\r\nab\r\n$%d\r\n", maxString+1), true},
		{"a length above all numbers", "$99999999999999999999999999\r\n", true},
		{"a length below all lengths", "$-2\r\n", true},
		{"a length that is none", "$?\r\n", true},
		{"many parts", "*65\r\n", true},
		{"arrays in arrays", strings.Repeat("*1\r\n", maxGroups+1), true},
		{"a line without end", "+" + strings.Repeat("a", maxLine), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := &guarded{Conn: scripted{read: iotest.OneByteReader(strings.NewReader(test.stream)).Read}}
			var err error
			got := 0
			for b := make([]byte, 100); err == nil; {
				var n int
				n, err = g.Read(b)
				got += n
			}
			if broke := err.Error() != "EOF"; broke != test.breaks {
				t.Errorf("ended with %v after %d of %d bytes", err, got, len(test.stream))
			}
			if whole := (&guarded{}).follow([]byte(test.stream)); (whole != nil) != test.breaks {
				t.Errorf("in one piece: %v", whole)
			}
		})
	}
}

func TestWhoAnswersInTheServersPlaceCannotEndTheGate(t *testing.T) {
	for name, answer := range map[string]string{
		"a length above memory":       "$9000000000000000000\r\n",
		"an array above memory":       "*9000000000000000000\r\n",
		"an attribute above memory":   "|9000000000000000000\r\n",
		"arrays in arrays in arrays…": strings.Repeat("*1\r\n", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newWatched(t, Options{URL: listen(t, func(conn net.Conn) {
				b := make([]byte, 1<<10)
				_, _ = conn.Read(b)
				fmt.Fprint(conn, "-ERR unknown command\r\n") // to HELLO, as an old server
				_, _ = conn.Read(b)
				fmt.Fprint(conn, answer)
				silent(conn)
			})})
			began := time.Now()
			if err := c.Reachable(t.Context()); gate.CodeOf(err) != gate.CodeUnavailable || time.Since(began) > 2*patience {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
		})
	}
}

func FuzzFollow(f *testing.F) {
	f.Add("%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n", 3)
	f.Add("$3\r\n*9\n\r\n:1\r\n", 1)
	f.Fuzz(func(t *testing.T, stream string, cut int) {
		if len(stream) > maxLine {
			return
		}
		whole := &guarded{}
		want := whole.follow([]byte(stream))
		pieces := &guarded{}
		at := min(max(cut, 0), len(stream))
		got := pieces.follow([]byte(stream[:at]))
		if got == nil {
			got = pieces.follow([]byte(stream[at:]))
		}
		if (got == nil) != (want == nil) {
			t.Errorf("%q in one piece: %v; cut at %d: %v", stream, want, at, got)
		}
		if whole.rest > maxString+2 || whole.groups > maxGroups+1 {
			t.Errorf("%q lets %d bytes and %d groups come", stream, whole.rest, whole.groups)
		}
	})
}
