-- Back from step 11: administrators, tokens and web hooks have tables of their own again.

CREATE TABLE administrator (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL,           -- JSON
    password_hash TEXT,             -- Argon2id in its PHC form; NULL: no log-in by password
    logged_in_at INTEGER
) STRICT;

INSERT INTO administrator
SELECT key, record,
    (SELECT secret FROM record_secret
        WHERE record_secret.kind = record.kind AND record_secret.key = record.key AND name = 'password'),
    (SELECT at FROM record_use WHERE record_use.kind = record.kind AND record_use.key = record.key)
FROM record WHERE kind = 'administrator';

CREATE TABLE old_login_session (
    hash TEXT PRIMARY KEY,          -- SHA-256 of the cookie
    administrator TEXT NOT NULL REFERENCES administrator (name) ON DELETE CASCADE,
    csrf_token TEXT NOT NULL,
    created_at INTEGER NOT NULL,    -- seconds since 1970
    seen_at INTEGER NOT NULL
) STRICT;

INSERT INTO old_login_session SELECT hash, administrator, csrf_token, created_at, seen_at FROM login_session;
DROP TABLE login_session;
ALTER TABLE old_login_session RENAME TO login_session;

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

INSERT INTO api_token
SELECT CAST(key AS INTEGER), secret, json_extract(record, '$.name'), json_extract(record, '$.owner'),
    json_extract(record, '$.grants'), json_extract(record, '$.createdAt'), json_extract(record, '$.expiresAt'),
    (SELECT at FROM record_use WHERE record_use.kind = record.kind AND record_use.key = record.key)
FROM record JOIN record_secret USING (kind, key) WHERE kind = 'token' AND name = 'hash';

CREATE TABLE web_hook (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,           -- what deliveries are signed with
    kinds TEXT NOT NULL,            -- JSON: kinds of events; empty: all
    group_path TEXT NOT NULL        -- events of this group and below it
) STRICT;

INSERT INTO web_hook
SELECT CAST(key AS INTEGER), url.secret, word.secret, json_extract(record, '$.kinds'), json_extract(record, '$.group')
FROM record JOIN record_secret AS url USING (kind, key) JOIN record_secret AS word USING (kind, key)
WHERE kind = 'web-hook' AND url.name = 'url' AND word.name = 'secret';

DELETE FROM record WHERE kind IN ('administrator', 'token', 'web-hook');
-- What is beside the records of kinds that came later.
CREATE TABLE kept_record_secret AS SELECT * FROM record_secret;
CREATE TABLE kept_record_use AS SELECT * FROM record_use;
DROP TABLE record_secret;
DROP TABLE record_use;
