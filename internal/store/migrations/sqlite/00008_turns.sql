-- +goose Up

-- Whose turn it is: see turns.go. An earlier version, which knows no callers,
-- goes on writing what stands here by default.
ALTER TABLE evaluations ADD COLUMN caller TEXT NOT NULL DEFAULT '';
ALTER TABLE evaluations ADD COLUMN bulk INTEGER NOT NULL DEFAULT 0;
ALTER TABLE evaluations ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;

CREATE INDEX evaluations_waiting ON evaluations (turn) WHERE started_at IS NULL AND done_at IS NULL;
CREATE INDEX evaluations_by_caller ON evaluations (caller, bulk, turn) WHERE done_at IS NULL;

-- When evidence last named a manifest or config; 0 before this version.
ALTER TABLE objects ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX evidence_by_age ON evidence (created_at, digest);

-- The verdict a rescan's item rests on, which its standing names too.
ALTER TABLE rescan_items ADD COLUMN verdict_id TEXT NOT NULL DEFAULT '';
UPDATE rescan_items SET verdict_id = coalesce(json_extract(CAST(standing AS TEXT), '$.verdictId'), '')
WHERE decision IS NULL AND json_valid(CAST(standing AS TEXT));

-- Random keys that all processes of this database share.
CREATE TABLE keys (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- The schema that the oldest program must know that may still use this
-- database. A migration that breaks older ones raises it; the rest leave it, so
-- that replicas of two versions run side by side.
CREATE TABLE compatible (oldest INTEGER NOT NULL);
INSERT INTO compatible VALUES (8);
