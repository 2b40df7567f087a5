-- Step 3: a revision holds any number of edits; match rules; administrators, their log-ins and tokens.

CREATE TABLE revision_edit (
    revision INTEGER NOT NULL REFERENCES revision (number) ON DELETE CASCADE,
    kind TEXT NOT NULL,             -- node, group, rule, channel, version, administrator, token
    key TEXT NOT NULL,
    before TEXT,                    -- JSON; NULL: it was not there
    after TEXT                      -- JSON; NULL: it is gone
) STRICT;

INSERT INTO revision_edit SELECT number, kind, key, before, after FROM revision;
CREATE INDEX revision_edit_by_revision ON revision_edit (revision);
CREATE INDEX revision_edit_by_key ON revision_edit (kind, key, revision);

ALTER TABLE revision DROP COLUMN kind;
ALTER TABLE revision DROP COLUMN key;
ALTER TABLE revision DROP COLUMN before;
ALTER TABLE revision DROP COLUMN after;
CREATE INDEX revision_by_time ON revision (at);

CREATE TABLE match_rule (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL            -- JSON
) STRICT;

CREATE TABLE administrator (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL,           -- JSON
    password_hash TEXT              -- Argon2id in its PHC form; NULL: no log-in by password
) STRICT;

CREATE TABLE login_session (
    hash TEXT PRIMARY KEY,          -- SHA-256 of the cookie
    administrator TEXT NOT NULL REFERENCES administrator (name) ON DELETE CASCADE,
    csrf_token TEXT NOT NULL,
    created_at INTEGER NOT NULL,    -- seconds since 1970
    seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_token (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,      -- SHA-256 of the token
    name TEXT NOT NULL,
    owner TEXT NOT NULL REFERENCES administrator (name) ON DELETE CASCADE,
    grants TEXT NOT NULL,           -- JSON
    created_at INTEGER NOT NULL,    -- seconds since 1970
    expires_at INTEGER,             -- NULL: never
    used_at INTEGER                 -- NULL: not yet
) STRICT;

-- What each machine last said, without a search through its history.
CREATE TABLE last_hardware (
    mac TEXT PRIMARY KEY,
    record TEXT NOT NULL            -- JSON
) STRICT;

INSERT INTO last_hardware
SELECT mac, record FROM hardware AS one WHERE rowid = (SELECT max(rowid) FROM hardware WHERE mac = one.mac);
