-- +goose Up

-- Every build of a base image that was ever seen under a reference.
CREATE TABLE bases (
    reference  TEXT NOT NULL,
    platform   TEXT NOT NULL,
    digest     TEXT NOT NULL,
    body       BLOB NOT NULL, -- diffIDs, date and labels as JSON
    first_seen INTEGER NOT NULL, -- microseconds since 1970, UTC
    last_seen  INTEGER NOT NULL,
    PRIMARY KEY (reference, platform, digest)
) WITHOUT ROWID;
