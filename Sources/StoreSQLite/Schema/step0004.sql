-- Step 4: web hooks.

CREATE TABLE web_hook (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,           -- what deliveries are signed with
    kinds TEXT NOT NULL,            -- JSON: kinds of events; empty: all
    group_path TEXT NOT NULL        -- events of this group and below it
) STRICT;
