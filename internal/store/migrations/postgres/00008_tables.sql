-- +goose Up

-- The tables of SQLite's migrations up to the same number, which say what each
-- is for. Text compares by bytes, as it does there, whatever the database's
-- locale; times are microseconds since 1970, UTC.
CREATE TABLE evaluations (
    id              TEXT COLLATE "C" PRIMARY KEY,
    request         BYTEA NOT NULL,
    idempotency_key TEXT COLLATE "C" UNIQUE,
    fingerprint     BYTEA,
    created_at      BIGINT NOT NULL,
    started_at      BIGINT,
    done_at         BIGINT,
    caller          TEXT COLLATE "C" NOT NULL DEFAULT '',
    bulk            INTEGER NOT NULL DEFAULT 0,
    turn            BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX evaluations_by_end ON evaluations (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX evaluations_open ON evaluations (created_at) WHERE done_at IS NULL;
CREATE INDEX evaluations_waiting ON evaluations (turn) WHERE started_at IS NULL AND done_at IS NULL;
CREATE INDEX evaluations_by_caller ON evaluations (caller, bulk, turn) WHERE done_at IS NULL;

CREATE TABLE evidence (
    digest     TEXT COLLATE "C" PRIMARY KEY,
    body       BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX evidence_by_age ON evidence (created_at, digest);

CREATE TABLE verdicts (
    id            TEXT COLLATE "C" PRIMARY KEY,
    digest        TEXT COLLATE "C" NOT NULL,
    policy_digest TEXT COLLATE "C" NOT NULL,
    decision      TEXT COLLATE "C" NOT NULL,
    reuse_key     TEXT COLLATE "C",
    evidence      TEXT COLLATE "C" REFERENCES evidence (digest),
    decided_at    BIGINT NOT NULL,
    expires_at    BIGINT,
    document      BYTEA NOT NULL
);

CREATE INDEX verdicts_by_key ON verdicts (reuse_key, decided_at DESC) WHERE reuse_key IS NOT NULL;
CREATE INDEX verdicts_by_digest ON verdicts (digest, policy_digest, decided_at DESC);
CREATE INDEX verdicts_by_image ON verdicts (digest, decided_at DESC);
CREATE INDEX verdicts_by_age ON verdicts (decided_at);
CREATE INDEX verdicts_by_evidence ON verdicts (evidence) WHERE evidence IS NOT NULL;

CREATE TABLE signatures (
    verdict_id TEXT COLLATE "C" PRIMARY KEY REFERENCES verdicts (id),
    state      TEXT NOT NULL,
    reference  TEXT NOT NULL,
    reason     TEXT NOT NULL,
    at         BIGINT NOT NULL
);

CREATE TABLE standings (
    repository    TEXT COLLATE "C" NOT NULL,
    digest        TEXT COLLATE "C" NOT NULL,
    policy_digest TEXT COLLATE "C" NOT NULL,
    policy_name   TEXT COLLATE "C" NOT NULL,
    verdict_id    TEXT COLLATE "C" NOT NULL REFERENCES verdicts (id),
    decision      TEXT COLLATE "C" NOT NULL,
    decided_at    BIGINT NOT NULL,
    expires_at    BIGINT,
    grace_until   BIGINT,
    reason        TEXT NOT NULL,
    PRIMARY KEY (digest, repository, policy_digest)
);

CREATE INDEX standings_by_verdict ON standings (verdict_id);

CREATE TABLE tags (
    repository TEXT COLLATE "C" NOT NULL,
    tag        TEXT COLLATE "C" NOT NULL,
    digest     TEXT COLLATE "C" NOT NULL,
    decided_at BIGINT NOT NULL,
    PRIMARY KEY (repository, tag)
);

CREATE TABLE objects (
    digest  TEXT COLLATE "C" PRIMARY KEY,
    body    BYTEA NOT NULL,
    used_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE rescans (
    id         TEXT COLLATE "C" PRIMARY KEY,
    pattern    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    done_at    BIGINT
);

-- One runs at a time, whichever replica begins it.
CREATE UNIQUE INDEX rescans_running ON rescans ((done_at IS NULL)) WHERE done_at IS NULL;

CREATE TABLE rescan_items (
    rescan     TEXT COLLATE "C" NOT NULL REFERENCES rescans (id),
    sequence   BIGINT NOT NULL,
    standing   BYTEA NOT NULL,
    decision   TEXT COLLATE "C",
    result     BYTEA,
    verdict_id TEXT COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (rescan, sequence)
);

CREATE INDEX rescan_items_left ON rescan_items (rescan, sequence) WHERE decision IS NULL;

CREATE TABLE broken_glass (
    id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    kind      TEXT NOT NULL,
    name      TEXT NOT NULL,
    "user"    TEXT NOT NULL,
    reason    TEXT NOT NULL,
    refused   TEXT NOT NULL
);

CREATE TABLE bases (
    reference  TEXT COLLATE "C" NOT NULL,
    platform   TEXT COLLATE "C" NOT NULL,
    digest     TEXT COLLATE "C" NOT NULL,
    body       BYTEA NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    PRIMARY KEY (reference, platform, digest)
);

CREATE TABLE listing (
    id            TEXT COLLATE "C" PRIMARY KEY,
    image         TEXT COLLATE "C" NOT NULL,
    name          TEXT COLLATE "C",
    repository    TEXT COLLATE "C",
    digest        TEXT COLLATE "C" NOT NULL DEFAULT '',
    decision      TEXT COLLATE "C" NOT NULL DEFAULT '',
    policy_name   TEXT NOT NULL DEFAULT '',
    policy_digest TEXT NOT NULL DEFAULT '',
    violations    INTEGER NOT NULL DEFAULT 0,
    warnings      INTEGER NOT NULL DEFAULT 0,
    created_at    BIGINT NOT NULL,
    started_at    BIGINT,
    done_at       BIGINT
);

CREATE INDEX listing_newest ON listing (created_at DESC, id DESC);
CREATE INDEX listing_by_digest ON listing (digest, created_at DESC, id DESC) WHERE digest <> '';
CREATE INDEX listing_by_repository ON listing (repository, created_at DESC, id DESC);
CREATE INDEX listing_by_name ON listing (name, created_at DESC, id DESC);
CREATE INDEX listing_by_decision ON listing (decision, created_at DESC, id DESC) WHERE done_at IS NOT NULL;
CREATE INDEX listing_open ON listing (created_at DESC, id DESC) WHERE done_at IS NULL;
CREATE INDEX listing_unnamed ON listing (id) WHERE repository IS NULL;

CREATE TABLE batches (
    idempotency_key TEXT COLLATE "C" PRIMARY KEY,
    fingerprint     BYTEA NOT NULL,
    evaluations     BYTEA NOT NULL,
    created_at      BIGINT NOT NULL
);

CREATE TABLE tokens (
    id           TEXT COLLATE "C" PRIMARY KEY,
    name         TEXT COLLATE "C" NOT NULL,
    hash         BYTEA NOT NULL UNIQUE,
    rights       BYTEA,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT
);

CREATE INDEX tokens_by_name ON tokens (name);

CREATE TABLE audit (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT NOT NULL,
    caller     TEXT COLLATE "C" NOT NULL,
    kind       TEXT NOT NULL,
    verb       TEXT NOT NULL,
    repository TEXT NOT NULL,
    subject    TEXT NOT NULL,
    decision   TEXT NOT NULL,
    detail     TEXT NOT NULL,
    request    TEXT NOT NULL
);

CREATE INDEX audit_by_time ON audit (at);

CREATE TABLE retiring (
    verdict_id TEXT COLLATE "C" PRIMARY KEY,
    at         BIGINT NOT NULL
);

CREATE TABLE keys (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);

-- The processes that run jobs, and when each was last heard of.
CREATE TABLE replicas (
    id      TEXT COLLATE "C" PRIMARY KEY,
    name    TEXT NOT NULL, -- for people
    seen_at TIMESTAMPTZ NOT NULL
);

-- The schema that the oldest program must know that may still use this
-- database. A migration that breaks older ones raises it; the rest leave it, so
-- that replicas of two versions run side by side.
CREATE TABLE compatible (oldest BIGINT NOT NULL);
INSERT INTO compatible VALUES (8);

-- +goose StatementBegin
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;
-- +goose StatementEnd

CREATE TRIGGER verdicts_stand BEFORE UPDATE ON verdicts FOR EACH ROW EXECUTE FUNCTION refuse('a verdict never changes');
CREATE TRIGGER audit_stands BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION refuse('the audit log never changes');
CREATE TRIGGER audit_stays BEFORE DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse('the audit log never loses a line');
CREATE TRIGGER verdicts_remain BEFORE TRUNCATE ON verdicts FOR EACH STATEMENT EXECUTE FUNCTION refuse('a verdict is deleted by retention only');

-- A verdict goes only when it was named, has expired, is not the newest of its
-- digest, and no standing rests on it.
-- +goose StatementBegin
CREATE FUNCTION verdict_may_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM retiring r WHERE r.verdict_id = OLD.id AND coalesce(OLD.expires_at, 0) <= r.at)
        OR EXISTS (SELECT 1 FROM standings s WHERE s.verdict_id = OLD.id)
        OR NOT EXISTS (SELECT 1 FROM verdicts n WHERE n.digest = OLD.digest
            AND (n.decided_at > OLD.decided_at OR (n.decided_at = OLD.decided_at AND n.id > OLD.id))) THEN
        RAISE EXCEPTION 'a verdict is deleted by retention only';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd

CREATE TRIGGER verdicts_stay BEFORE DELETE ON verdicts FOR EACH ROW EXECUTE FUNCTION verdict_may_go();

-- +goose StatementBegin
CREATE FUNCTION verdict_retired() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM retiring WHERE verdict_id = OLD.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER verdicts_retired AFTER DELETE ON verdicts FOR EACH ROW EXECUTE FUNCTION verdict_retired();

-- A document as JSON. One that cannot be read must not keep the others from
-- being listed.
-- +goose StatementBegin
CREATE FUNCTION readable(document BYTEA) RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    out json;
BEGIN
    out := convert_from(document, 'UTF8')::json;
    PERFORM out ->> 'image', out #>> '{policy,name}', json_typeof(out -> 'violations'), json_typeof(out -> 'warnings');
    RETURN out;
EXCEPTION WHEN OTHERS THEN
    RETURN '{}';
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION how_many(list json) RETURNS INTEGER LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE json_typeof(list) WHEN 'array' THEN json_array_length(list) ELSE 0 END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION list_accepted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO listing (id, image, created_at, started_at, done_at)
    VALUES (NEW.id, coalesce(readable(NEW.request) ->> 'image', ''), NEW.created_at, NEW.started_at, NEW.done_at)
    ON CONFLICT (id) DO UPDATE SET image = excluded.image, created_at = excluded.created_at, started_at = excluded.started_at, done_at = excluded.done_at;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER listing_accepted AFTER INSERT ON evaluations FOR EACH ROW EXECUTE FUNCTION list_accepted();

-- +goose StatementBegin
CREATE FUNCTION list_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE listing SET started_at = NEW.started_at, done_at = NEW.done_at WHERE id = NEW.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER listing_moved AFTER UPDATE OF started_at, done_at ON evaluations FOR EACH ROW EXECUTE FUNCTION list_moved();

-- +goose StatementBegin
CREATE FUNCTION list_decided() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v json := readable(NEW.document);
BEGIN
    INSERT INTO listing (id, image, digest, decision, policy_name, policy_digest, violations, warnings, created_at, started_at, done_at)
    VALUES (NEW.id, coalesce(v ->> 'image', ''), NEW.digest, NEW.decision, coalesce(v #>> '{policy,name}', ''), NEW.policy_digest,
        coalesce(how_many(v -> 'violations'), 0), coalesce(how_many(v -> 'warnings'), 0), NEW.decided_at, NEW.decided_at, NEW.decided_at)
    ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, decision = excluded.decision, policy_name = excluded.policy_name,
        policy_digest = excluded.policy_digest, violations = excluded.violations, warnings = excluded.warnings;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER listing_decided AFTER INSERT ON verdicts FOR EACH ROW EXECUTE FUNCTION list_decided();
