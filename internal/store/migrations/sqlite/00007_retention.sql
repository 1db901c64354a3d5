-- +goose Up

-- Verdicts that retention takes away: named here first, in the transaction that
-- deletes them, with the time by which they have expired.
CREATE TABLE retiring (
    verdict_id TEXT PRIMARY KEY,
    at         INTEGER NOT NULL -- microseconds since 1970, UTC
) WITHOUT ROWID;

DROP TRIGGER verdicts_stay;

-- A verdict goes only when it was named, has expired, is not the newest of its
-- digest, and no standing rests on it.
-- +goose StatementBegin
CREATE TRIGGER verdicts_stay BEFORE DELETE ON verdicts
WHEN NOT EXISTS (SELECT 1 FROM retiring r WHERE r.verdict_id = OLD.id AND coalesce(OLD.expires_at, 0) <= r.at)
    OR EXISTS (SELECT 1 FROM standings s WHERE s.verdict_id = OLD.id)
    OR NOT EXISTS (SELECT 1 FROM verdicts n WHERE n.digest = OLD.digest
        AND (n.decided_at > OLD.decided_at OR (n.decided_at = OLD.decided_at AND n.id > OLD.id)))
BEGIN
    SELECT RAISE (ABORT, 'a verdict is deleted by retention only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER verdicts_retired AFTER DELETE ON verdicts
BEGIN
    DELETE FROM retiring WHERE verdict_id = OLD.id;
END;
-- +goose StatementEnd

-- What retention and the length of the queue are looked up by.
CREATE INDEX verdicts_by_age ON verdicts (decided_at);
CREATE INDEX verdicts_by_evidence ON verdicts (evidence) WHERE evidence IS NOT NULL;
CREATE INDEX standings_by_verdict ON standings (verdict_id);
CREATE INDEX evaluations_by_end ON evaluations (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX evaluations_open ON evaluations (created_at) WHERE done_at IS NULL;
