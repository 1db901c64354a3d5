-- +goose Up

-- Where each digest of a repository stands under a policy: its newest pass or
-- fail. What a cluster asks is answered by one look-up here.
CREATE TABLE standings (
    repository    TEXT NOT NULL,
    digest        TEXT NOT NULL,
    policy_digest TEXT NOT NULL,
    policy_name   TEXT NOT NULL,
    verdict_id    TEXT NOT NULL REFERENCES verdicts (id),
    decision      TEXT NOT NULL,
    decided_at    INTEGER NOT NULL, -- microseconds since 1970, UTC, here and below
    expires_at    INTEGER,
    grace_until   INTEGER,
    reason        TEXT NOT NULL,
    PRIMARY KEY (digest, repository, policy_digest)
) WITHOUT ROWID;

-- The digest decided last for a tag.
CREATE TABLE tags (
    repository TEXT NOT NULL,
    tag        TEXT NOT NULL,
    digest     TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (repository, tag)
) WITHOUT ROWID;

-- Manifests and configs as they came from the registry, compressed with zstd.
CREATE TABLE objects (
    digest TEXT PRIMARY KEY,
    body   BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE rescans (
    id         TEXT PRIMARY KEY,
    pattern    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    done_at    INTEGER
);

-- One image of a rescan; the standing that has it rescanned as JSON, and what
-- became of it.
CREATE TABLE rescan_items (
    rescan   TEXT NOT NULL REFERENCES rescans (id),
    sequence INTEGER NOT NULL,
    standing BLOB NOT NULL,
    decision TEXT,
    result   BLOB,
    PRIMARY KEY (rescan, sequence)
) WITHOUT ROWID;

CREATE INDEX rescan_items_left ON rescan_items (rescan, sequence) WHERE decision IS NULL;

-- Pods that were admitted although the gate would have refused them.
CREATE TABLE broken_glass (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    kind      TEXT NOT NULL,
    name      TEXT NOT NULL,
    user      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    refused   TEXT NOT NULL -- what the gate had to say
);
