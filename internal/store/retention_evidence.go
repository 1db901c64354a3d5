package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

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
		evidence, err = p.remove(ctx, doomed, `DELETE FROM evidence AS e WHERE e.digest IN `+p.batch(first)+` AND `+spareEvidence)
		if err != nil {
			return evidence, 0, err
		}
	}
	// What is stored from now on uses its objects from now on, give or take what
	// that is rounded by and the clocks of replicas differ.
	unused := fmt.Sprintf(`used_at < %d`, p.now-(2*usedApart).Microseconds())
	left, err := p.unnamed(ctx, unused, doomed)
	if err != nil || p.dry {
		return evidence, len(left), err
	}
	objects, err = p.remove(ctx, left, `DELETE FROM objects WHERE digest IN `+p.batch(first)+` AND `+unused)
	return evidence, objects, err
}

// unnamed are the unused objects that no evidence but the doomed names.
func (p *pruning) unnamed(ctx context.Context, unused string, doomed []key) ([]key, error) {
	all, err := p.list(ctx, `SELECT digest FROM objects WHERE `+unused)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	left, skip := make(map[string]bool, len(all)), make(map[string]bool, len(doomed))
	for _, k := range all {
		left[k[0]] = true
	}
	for _, k := range doomed {
		skip[k[0]] = true
	}
	if err := p.scan(ctx, skip, left); err != nil {
		return nil, err
	}
	keys := make([]key, 0, len(left))
	for _, digest := range slices.Sorted(maps.Keys(left)) {
		keys = append(keys, key{digest})
	}
	return keys, nil
}

// scan takes from left each digest that evidence names, wherever in it: keeping
// too much costs bytes, too little a rescan.
func (p *pruning) scan(ctx context.Context, skip, left map[string]bool) error {
	created, digest := int64(-1<<63), ""
	for {
		var body []byte
		err := p.store.read.QueryRowContext(ctx, `SELECT created_at, digest, body FROM evidence WHERE (created_at, digest) > ($1, $2) ORDER BY created_at, digest LIMIT 1`, created, digest).Scan(&created, &digest, &body)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if skip[digest] {
			continue
		}
		data, err := p.store.decoder.DecodeAll(body, nil)
		if err != nil {
			return gate.NewError(gate.CodeInternal, "the stored evidence "+digest+" cannot be unpacked, so it cannot be told which manifests and configs it needs: none was deleted", err)
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
