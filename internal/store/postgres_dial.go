package store

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// stall is how long one answer of PostgreSQL may take. A network that swallows
// packets, or a server that stands still, would hold a statement for ever.
const stall = time.Minute

// patient is a connection whose reads end after stall, unless pgx has set an
// end of its own.
type patient struct {
	net.Conn
	mu  sync.Mutex // guards own
	own bool       // pgx has set a deadline
}

func dialPatient(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &patient{Conn: c}, nil
	}
}

func (c *patient) Read(b []byte) (int, error) {
	c.mu.Lock()
	if !c.own {
		_ = c.Conn.SetReadDeadline(time.Now().Add(stall)) // what is wrong with it, Read says
	}
	c.mu.Unlock()
	return c.Conn.Read(b)
}

// SetDeadline implements net.Conn.
func (c *patient) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own = !t.IsZero()
	return c.Conn.SetDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *patient) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own = !t.IsZero()
	return c.Conn.SetReadDeadline(t)
}
