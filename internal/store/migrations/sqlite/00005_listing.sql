-- +goose Up

-- What lists show of every evaluation, and of every verdict that was never
-- queued, so that no document is opened for them. Triggers keep it, so that it
-- is also true of what an earlier version writes while it is still running.
CREATE TABLE listing (
    id            TEXT PRIMARY KEY,
    image         TEXT NOT NULL, -- as asked
    name          TEXT,          -- normalised; with repository null until worked out
    repository    TEXT,
    digest        TEXT NOT NULL DEFAULT '',
    decision      TEXT NOT NULL DEFAULT '',
    policy_name   TEXT NOT NULL DEFAULT '',
    policy_digest TEXT NOT NULL DEFAULT '',
    violations    INTEGER NOT NULL DEFAULT 0,
    warnings      INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL, -- microseconds since 1970, UTC, here and below
    started_at    INTEGER,
    done_at       INTEGER
) WITHOUT ROWID;

CREATE INDEX listing_newest ON listing (created_at DESC, id DESC);
CREATE INDEX listing_by_digest ON listing (digest, created_at DESC, id DESC) WHERE digest <> '';
CREATE INDEX listing_by_repository ON listing (repository, created_at DESC, id DESC);
CREATE INDEX listing_by_name ON listing (name, created_at DESC, id DESC);
CREATE INDEX listing_by_decision ON listing (decision, created_at DESC, id DESC) WHERE done_at IS NOT NULL;
CREATE INDEX listing_open ON listing (created_at DESC, id DESC) WHERE done_at IS NULL;
CREATE INDEX listing_unnamed ON listing (id) WHERE repository IS NULL;

-- A document that cannot be read must not keep the others from being listed.
CREATE VIEW listed_verdicts AS
SELECT id, digest, decision, policy_digest, decided_at,
    coalesce(json_extract(text, '$.image'), '') AS image,
    coalesce(json_extract(text, '$.policy.name'), '') AS policy_name,
    coalesce(json_array_length(text, '$.violations'), 0) AS violations,
    coalesce(json_array_length(text, '$.warnings'), 0) AS warnings
FROM (SELECT *, iif(json_valid(CAST(document AS TEXT)), CAST(document AS TEXT), '{}') AS text FROM verdicts);

INSERT INTO listing (id, image, created_at, started_at, done_at)
SELECT id, coalesce(iif(json_valid(CAST(request AS TEXT)), json_extract(CAST(request AS TEXT), '$.image'), ''), ''), created_at, started_at, done_at FROM evaluations;

INSERT INTO listing (id, image, digest, decision, policy_name, policy_digest, violations, warnings, created_at, started_at, done_at)
SELECT id, image, digest, decision, policy_name, policy_digest, violations, warnings, decided_at, decided_at, decided_at FROM listed_verdicts WHERE true
ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, decision = excluded.decision, policy_name = excluded.policy_name,
    policy_digest = excluded.policy_digest, violations = excluded.violations, warnings = excluded.warnings;

-- +goose StatementBegin
CREATE TRIGGER listing_accepted AFTER INSERT ON evaluations
BEGIN
    INSERT INTO listing (id, image, created_at, started_at, done_at)
    VALUES (new.id, coalesce(json_extract(CAST(new.request AS TEXT), '$.image'), ''), new.created_at, new.started_at, new.done_at)
    ON CONFLICT (id) DO UPDATE SET image = excluded.image, created_at = excluded.created_at, started_at = excluded.started_at, done_at = excluded.done_at;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER listing_moved AFTER UPDATE OF started_at, done_at ON evaluations
BEGIN
    UPDATE listing SET started_at = new.started_at, done_at = new.done_at WHERE id = new.id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER listing_decided AFTER INSERT ON verdicts
BEGIN
    INSERT INTO listing (id, image, digest, decision, policy_name, policy_digest, violations, warnings, created_at, started_at, done_at)
    SELECT id, image, digest, decision, policy_name, policy_digest, violations, warnings, decided_at, decided_at, decided_at FROM listed_verdicts WHERE id = new.id
    ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, decision = excluded.decision, policy_name = excluded.policy_name,
        policy_digest = excluded.policy_digest, violations = excluded.violations, warnings = excluded.warnings;
END;
-- +goose StatementEnd

-- Several evaluations that were asked for together under one key.
CREATE TABLE batches (
    idempotency_key TEXT PRIMARY KEY,
    fingerprint     BLOB NOT NULL,
    evaluations     BLOB NOT NULL, -- ids in order, as JSON
    created_at      INTEGER NOT NULL
) WITHOUT ROWID;
