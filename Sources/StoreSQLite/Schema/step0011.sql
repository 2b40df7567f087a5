-- Step 11: links of wall boards.

CREATE TABLE board_link (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,      -- SHA-256 of the link's secret
    name TEXT NOT NULL,
    group_path TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,    -- seconds since 1970
    expires_at INTEGER,             -- NULL: never
    used_at INTEGER                 -- NULL: not yet
) STRICT;
