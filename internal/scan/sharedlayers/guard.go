package sharedlayers

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
)

const (
	// maxString is the longest string we ask for: a value, and the byte that
	// shows it to be too long.
	maxString = overhead + MaxEntry + 1
	// maxLine bounds a line, as errors and lengths are.
	maxLine = 4 << 10
	// maxGroups bounds the arrays, maps and sets of a connection, and the parts
	// of each. They come in the answer to the first command only.
	maxGroups = 64
)

// guarded is a connection that breaks when the server announces more than we
// ever ask for. The client takes a length at its word and makes room before
// anything has come, and follows arrays in arrays however deep: who answers in
// Redis's place would end this process with a few bytes.
type guarded struct {
	net.Conn
	line   []byte // a header, as far as it has come
	rest   int    // bytes of a string that are still to come
	groups int
}

// guard makes a dialer's connections guarded.
func guard(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &guarded{Conn: conn}, nil
	}
}

// Read implements net.Conn.
func (g *guarded) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	if wrong := g.follow(b[:n]); wrong != nil {
		return 0, wrong
	}
	return n, err
}

// follow keeps track of where in the protocol (RESP 2 and 3) the stream is.
func (g *guarded) follow(b []byte) error {
	for len(b) > 0 {
		if g.rest > 0 {
			n := min(g.rest, len(b))
			g.rest -= n
			b = b[n:]
			continue
		}
		line, after, whole := bytes.Cut(b, []byte("\n"))
		if len(g.line)+len(line) > maxLine {
			return fmt.Errorf("the server sent a line of more than %d bytes", maxLine)
		}
		g.line = append(g.line, line...)
		if !whole {
			return nil
		}
		if err := g.header(string(bytes.TrimSuffix(g.line, []byte("\r")))); err != nil {
			return err
		}
		g.line, b = g.line[:0], after
	}
	return nil
}

func (g *guarded) header(line string) error {
	if line == "" {
		return nil // the client refuses it
	}
	most := 0
	switch line[0] {
	case '$', '=', '!':
		most = maxString
	case '*', '%', '~', '>', '|':
		most = maxGroups
		g.groups++
	default:
		return nil
	}
	n, err := strconv.Atoi(line[1:])
	if err != nil || n < -1 || n > most || g.groups > maxGroups {
		return fmt.Errorf("the server announced %.40q, which nothing we ask is answered with", line)
	}
	if most == maxString && n >= 0 {
		g.rest = n + len("\r\n")
	}
	return nil
}
