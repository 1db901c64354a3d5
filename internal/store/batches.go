package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// SubmitAll stores evaluations that were asked for together, and their jobs, in
// one transaction: all are accepted or none. Those that are done already are
// not stored again, and those of one image and request are one. The key names
// all of them: the same ones under it come back as they stand, others are a
// CodeConflict. The answers are in the order of es.
func (j *Jobs) SubmitAll(ctx context.Context, es []gate.Evaluation, idempotencyKey string) (out []gate.Evaluation, err error) {
	var requests []gate.Request
	for _, e := range es {
		requests = append(requests, e.Request)
	}
	body, err := json.Marshal(requests)
	if err != nil {
		return nil, err
	}
	fingerprint := sha256.Sum256(body)
	err = j.store.transaction(ctx, func(tx *transaction) error {
		if idempotencyKey != "" {
			earlier, err := j.store.named(ctx, tx, idempotencyKey)
			if err != nil {
				return err
			}
			if earlier != nil {
				if !earlier.batch || !bytes.Equal(earlier.fingerprint, fingerprint[:]) {
					return earlier.conflict(idempotencyKey)
				}
				out, err = j.store.evaluations(ctx, tx, earlier.ids)
				return err
			}
		}
		if err := j.admit(ctx, tx, es[0].Request.Caller, len(es)); err != nil {
			return err
		}
		if out, err = j.submitAll(ctx, tx, es); err != nil || idempotencyKey == "" {
			return err
		}
		return j.store.putBatch(ctx, tx, idempotencyKey, fingerprint[:], out)
	})
	return out, err
}

func (j *Jobs) submitAll(ctx context.Context, tx *transaction, es []gate.Evaluation) ([]gate.Evaluation, error) {
	var out []gate.Evaluation
	seen := map[string]gate.Evaluation{}
	for _, e := range es {
		same, err := sameness(e.Request)
		if err != nil {
			return nil, err
		}
		first, ok := seen[same]
		if !ok {
			first = e
			if e.State != gate.Done {
				if first, _, err = j.store.insert(ctx, tx, e, "", func() error { return nil }); err != nil {
					return nil, err
				}
				if err := j.enqueue(ctx, tx, e, batch); err != nil {
					return nil, err
				}
			}
			seen[same] = first
		}
		out = append(out, first)
	}
	return out, nil
}

// sameness is what two requests have in common that ask the same.
func sameness(r gate.Request) (string, error) {
	ref, err := gate.ParseReference(r.Image)
	if err != nil {
		return "", err
	}
	r.Image = ref.Name
	body, err := json.Marshal(r)
	return string(body), err
}

// named is what an idempotency key was used for.
type named struct {
	ids         []string
	fingerprint []byte
	batch       bool
}

func (n *named) conflict(key string) error {
	what := "evaluation " + n.ids[0]
	if n.batch {
		what = fmt.Sprintf("a batch of %d, %s first", len(n.ids), what)
	}
	return gate.NewError(gate.CodeConflict, fmt.Sprintf("the Idempotency-Key %.100q was used for another request (%s): use a new one", key, what), nil)
}

// named looks a key up; nil when it was never used.
func (s *Store) named(ctx context.Context, tx *transaction, key string) (*named, error) {
	n := &named{ids: []string{""}}
	err := tx.QueryRowContext(ctx, `SELECT id, fingerprint FROM evaluations WHERE idempotency_key = $1`, key).Scan(&n.ids[0], &n.fingerprint)
	if err == nil {
		return n, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, s.unavailable(err)
	}
	var ids []byte
	n.batch = true
	err = tx.QueryRowContext(ctx, `SELECT fingerprint, evaluations FROM batches WHERE idempotency_key = $1`, key).Scan(&n.fingerprint, &ids)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, s.unavailable(err)
	}
	if err := json.Unmarshal(ids, &n.ids); err != nil || len(n.ids) == 0 {
		return nil, gate.NewError(gate.CodeInternal, fmt.Sprintf("the stored batch of the Idempotency-Key %.100q cannot be read", key), err)
	}
	return n, nil
}

func (s *Store) putBatch(ctx context.Context, tx *transaction, key string, fingerprint []byte, es []gate.Evaluation) error {
	var ids []string
	for _, e := range es {
		ids = append(ids, e.ID)
	}
	body, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO batches (idempotency_key, fingerprint, evaluations, created_at) VALUES ($1, $2, $3, $4)`, key, fingerprint, body, micros(s.now()))
	return s.unavailable(err)
}

func (s *Store) evaluations(ctx context.Context, q conn, ids []string) ([]gate.Evaluation, error) {
	var out []gate.Evaluation
	for _, id := range ids {
		e, err := s.evaluation(ctx, q, id)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}
