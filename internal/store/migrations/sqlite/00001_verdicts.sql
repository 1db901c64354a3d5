-- +goose Up

-- One request's life. done_at is set last, after verdict and signature.
CREATE TABLE evaluations (
    id              TEXT PRIMARY KEY,
    request         BLOB NOT NULL,
    idempotency_key TEXT UNIQUE,
    fingerprint     BLOB,
    created_at      INTEGER NOT NULL, -- microseconds since 1970, UTC, here and below
    started_at      INTEGER,
    done_at         INTEGER
);

-- What was observed, by the sha256 of its JSON, compressed with zstd.
CREATE TABLE evidence (
    digest     TEXT PRIMARY KEY,
    body       BLOB NOT NULL,
    created_at INTEGER NOT NULL
);

-- Every verdict there ever was. id is the evaluation's.
CREATE TABLE verdicts (
    id            TEXT PRIMARY KEY,
    digest        TEXT NOT NULL,
    policy_digest TEXT NOT NULL,
    decision      TEXT NOT NULL,
    reuse_key     TEXT,
    evidence      TEXT REFERENCES evidence (digest),
    decided_at    INTEGER NOT NULL,
    expires_at    INTEGER,
    document      BLOB NOT NULL
);

CREATE INDEX verdicts_by_key ON verdicts (reuse_key, decided_at DESC) WHERE reuse_key IS NOT NULL;
CREATE INDEX verdicts_by_digest ON verdicts (digest, policy_digest, decided_at DESC);
CREATE INDEX verdicts_by_image ON verdicts (digest, decided_at DESC);

-- The outcome of signing, beside the verdict, which never changes.
CREATE TABLE signatures (
    verdict_id TEXT PRIMARY KEY REFERENCES verdicts (id),
    state      TEXT NOT NULL,
    reference  TEXT NOT NULL,
    reason     TEXT NOT NULL,
    at         INTEGER NOT NULL
);

-- +goose StatementBegin
CREATE TRIGGER verdicts_stand BEFORE UPDATE ON verdicts
BEGIN
    SELECT RAISE (ABORT, 'a verdict never changes');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER verdicts_stay BEFORE DELETE ON verdicts
BEGIN
    SELECT RAISE (ABORT, 'a verdict is never deleted');
END;
-- +goose StatementEnd
