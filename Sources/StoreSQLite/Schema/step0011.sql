-- Step 11: administrators, tokens and web hooks are records. What is in no history stands beside a record, and goes with it.

CREATE TABLE record_secret (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,             -- what it is: password, hash, url, secret
    secret TEXT NOT NULL,           -- a hash; or sealed, where it is needed in clear
    PRIMARY KEY (kind, key, name),
    FOREIGN KEY (kind, key) REFERENCES record (kind, key) ON DELETE CASCADE
) STRICT;

CREATE INDEX record_secret_by_text ON record_secret (secret);

-- The last log-in of an administrator, the last use of a token.
CREATE TABLE record_use (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,            -- seconds since 1970
    PRIMARY KEY (kind, key),
    FOREIGN KEY (kind, key) REFERENCES record (kind, key) ON DELETE CASCADE
) STRICT;

INSERT INTO record SELECT 'administrator', name, record, 0 FROM administrator;
INSERT INTO record_secret
SELECT 'administrator', name, 'password', password_hash FROM administrator WHERE password_hash IS NOT NULL;
INSERT INTO record_use SELECT 'administrator', name, logged_in_at FROM administrator WHERE logged_in_at IS NOT NULL;

CREATE TABLE new_login_session (
    hash TEXT PRIMARY KEY,          -- SHA-256 of the cookie
    kind TEXT NOT NULL DEFAULT 'administrator',
    administrator TEXT NOT NULL,
    csrf_token TEXT NOT NULL,
    created_at INTEGER NOT NULL,    -- seconds since 1970
    seen_at INTEGER NOT NULL,
    FOREIGN KEY (kind, administrator) REFERENCES record (kind, key) ON DELETE CASCADE
) STRICT;

INSERT INTO new_login_session (hash, administrator, csrf_token, created_at, seen_at)
SELECT hash, administrator, csrf_token, created_at, seen_at FROM login_session;
DROP TABLE login_session;
ALTER TABLE new_login_session RENAME TO login_session;

-- A patch with NULL has no member for it.
INSERT INTO record
SELECT 'token', CAST(id AS TEXT), json_patch(
    json_object('createdAt', created_at, 'grants', json(grants), 'id', id, 'name', name, 'owner', owner),
    json_object('expiresAt', expires_at)), 0
FROM api_token;
INSERT INTO record_secret SELECT 'token', CAST(id AS TEXT), 'hash', hash FROM api_token;
INSERT INTO record_use SELECT 'token', CAST(id AS TEXT), used_at FROM api_token WHERE used_at IS NOT NULL;

DROP TABLE api_token;
DROP TABLE administrator;

-- Of its address, the record of a web hook has scheme, host and port.
INSERT INTO record
WITH hook AS (
    SELECT *, substr(url, 1, instr(url, '://') + 2) AS scheme, substr(url, instr(url, '://') + 3) AS rest FROM web_hook
), authority AS (
    SELECT *, substr(rest, 1, min(instr(rest || '/', '/'), instr(rest || '?', '?'), instr(rest || '#', '#')) - 1) AS authority
    FROM hook
)
SELECT 'web-hook', CAST(id AS TEXT), json_object(
    'group', group_path,
    'host', scheme || substr(authority, length(rtrim(authority, replace(authority, '@', ''))) + 1),
    'id', id, 'kinds', json(kinds)), 0
FROM authority;
INSERT INTO record_secret SELECT 'web-hook', CAST(id AS TEXT), 'url', url FROM web_hook;
INSERT INTO record_secret SELECT 'web-hook', CAST(id AS TEXT), 'secret', secret FROM web_hook;

DROP TABLE web_hook;
