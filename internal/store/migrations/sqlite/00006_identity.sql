-- +goose Up

-- API tokens. The token itself is nowhere: it has 256 random bits, so its
-- sha256 neither tells it nor can be guessed.
CREATE TABLE tokens (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL, -- of the caller
    hash         BLOB NOT NULL UNIQUE,
    rights       BLOB, -- JSON; NULL: the rights file's for this name
    created_at   INTEGER NOT NULL, -- microseconds since 1970, UTC, here and below
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER
);

CREATE INDEX tokens_by_name ON tokens (name);

-- Who was allowed or denied what.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    caller     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    verb       TEXT NOT NULL,
    repository TEXT NOT NULL,
    subject    TEXT NOT NULL, -- evaluation, digest, rescan or token
    decision   TEXT NOT NULL,
    detail     TEXT NOT NULL,
    request    TEXT NOT NULL
);

CREATE INDEX audit_by_time ON audit (at);

-- +goose StatementBegin
CREATE TRIGGER audit_stands BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE (ABORT, 'the audit log never changes');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN
    SELECT RAISE (ABORT, 'the audit log never loses a line');
END;
-- +goose StatementEnd
