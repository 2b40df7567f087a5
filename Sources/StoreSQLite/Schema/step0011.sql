-- Step 11: administrators are records. What is in no history stands beside a record, and goes with it.

CREATE TABLE record_secret (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,             -- what it is: password
    secret TEXT NOT NULL,           -- a hash; or sealed, where it is needed in clear
    PRIMARY KEY (kind, key, name),
    FOREIGN KEY (kind, key) REFERENCES record (kind, key) ON DELETE CASCADE
) STRICT;

-- The last log-in of an administrator.
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

CREATE TABLE new_api_token (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,      -- SHA-256 of the token
    name TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT 'administrator',
    owner TEXT NOT NULL,
    grants TEXT NOT NULL,           -- JSON
    created_at INTEGER NOT NULL,    -- seconds since 1970
    expires_at INTEGER,             -- NULL: never
    used_at INTEGER,                -- NULL: not yet
    FOREIGN KEY (kind, owner) REFERENCES record (kind, key) ON DELETE CASCADE
) STRICT;

INSERT INTO new_api_token (id, hash, name, owner, grants, created_at, expires_at, used_at)
SELECT id, hash, name, owner, grants, created_at, expires_at, used_at FROM api_token;
DROP TABLE api_token;
ALTER TABLE new_api_token RENAME TO api_token;

DROP TABLE administrator;
