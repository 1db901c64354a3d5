package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"github.com/imagegate/imagegate/internal/gate"
)

// evidence deletes evidence of which no verdict is left, then manifests and
// configs that no evidence names any more.
func (p *pruning) evidence(ctx context.Context) (evidence, objects int, err error) {
	doomed, err := p.list(ctx, `SELECT e.digest FROM evidence e WHERE `+spareEvidence)
	if err != nil {
		return 0, 0, err
	}
	if evidence = len(doomed); !p.dry {
		evidence, err = p.remove(ctx, doomed, nil, `DELETE FROM evidence AS e WHERE e.digest IN `+theBatch+` AND `+spareEvidence)
		if err != nil {
			return evidence, 0, err
		}
	}
	left, newest, err := p.unnamed(ctx, doomed)
	if err != nil || p.dry {
		return evidence, len(left), err
	}
	// Evidence that came since may name what none did: it is read before
	// each batch, in its transaction.
	check := func(ctx context.Context, tx *sql.Tx, batch []any) ([]any, error) {
		rest := map[string]bool{}
		for _, digest := range batch {
			rest[digest.(string)] = true
		}
		_, err := p.scan(ctx, tx, newest, nil, rest)
		return keysOf(rest), err
	}
	objects, err = p.remove(ctx, left, check, `DELETE FROM objects WHERE digest IN `+theBatch)
	return evidence, objects, err
}

func keysOf(set map[string]bool) []any {
	keys := make([]any, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	return keys
}

// unnamed are the objects that no evidence but the doomed names, and the newest
// evidence that was read.
func (p *pruning) unnamed(ctx context.Context, doomed []any) (objects []any, newest int64, err error) {
	all, err := p.list(ctx, `SELECT digest FROM objects`)
	if err != nil {
		return nil, 0, err
	}
	left, skip := make(map[string]bool, len(all)), make(map[string]bool, len(doomed))
	for _, digest := range all {
		left[digest.(string)] = true
	}
	for _, digest := range doomed {
		skip[digest.(string)] = true
	}
	newest, err = p.scan(ctx, p.store.read, 0, skip, left)
	return keysOf(left), newest, err
}

// scan takes from left each digest that evidence after a row names, wherever in
// it: keeping too much costs bytes, too little a rescan.
func (p *pruning) scan(ctx context.Context, q querier, after int64, skip, left map[string]bool) (int64, error) {
	for {
		var digest string
		var body []byte
		err := q.QueryRowContext(ctx, `SELECT rowid, digest, body FROM evidence WHERE rowid > ? ORDER BY rowid LIMIT 1`, after).Scan(&after, &digest, &body)
		if errors.Is(err, sql.ErrNoRows) {
			return after, nil
		}
		if err != nil {
			return after, err
		}
		if skip[digest] {
			continue
		}
		data, err := p.store.decoder.DecodeAll(body, nil)
		if err != nil {
			return after, gate.NewError(gate.CodeInternal, "the stored evidence "+digest+" cannot be unpacked, so it cannot be told which manifests and configs it needs: none was deleted", err)
		}
		for _, name := range digestsIn(data) {
			delete(left, name)
		}
	}
}

// digestsIn are the digests a document names, as OCI writes them.
func digestsIn(data []byte) []string {
	var out []string
	for _, algorithm := range []string{"sha256:", "sha512:"} {
		for rest := data; ; {
			i := bytes.Index(rest, []byte(algorithm))
			if i < 0 {
				break
			}
			rest = rest[i:]
			n := len(algorithm)
			for n < len(rest) && (('0' <= rest[n] && rest[n] <= '9') || ('a' <= rest[n] && rest[n] <= 'f')) {
				n++
			}
			out = append(out, string(rest[:n]))
			rest = rest[n:]
		}
	}
	return out
}
