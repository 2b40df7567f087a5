-- Step 1: the configuration, its revisions, image versions, boots.

CREATE TABLE revision (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,            -- seconds since 1970
    who TEXT NOT NULL,
    what TEXT NOT NULL,             -- one line for people
    kind TEXT NOT NULL,             -- node, group, channel, version
    key TEXT NOT NULL,
    before TEXT,                    -- JSON; NULL: it was not there
    after TEXT                      -- JSON; NULL: it is gone
) STRICT;

CREATE TABLE node (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL            -- JSON
) STRICT;

CREATE TABLE node_address (
    mac TEXT PRIMARY KEY,
    node TEXT NOT NULL REFERENCES node (name) ON DELETE CASCADE ON UPDATE CASCADE
) STRICT;

CREATE TABLE node_group (
    path TEXT PRIMARY KEY,
    record TEXT NOT NULL            -- JSON
) STRICT;

CREATE TABLE image_version (
    image TEXT NOT NULL,
    number INTEGER NOT NULL,
    digest TEXT NOT NULL,
    published_at INTEGER NOT NULL,  -- seconds since 1970
    manifest TEXT NOT NULL,         -- JSON
    removed INTEGER NOT NULL DEFAULT 0, -- numbers are never used again
    PRIMARY KEY (image, number)
) STRICT;

CREATE TABLE channel (
    image TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    former INTEGER,                 -- where it pointed before: what rollback goes back to
    PRIMARY KEY (image, name)
) STRICT;

CREATE TABLE hardware (
    mac TEXT NOT NULL,
    at INTEGER NOT NULL,            -- seconds since 1970: when it was first seen so
    record TEXT NOT NULL            -- JSON
) STRICT;

CREATE INDEX hardware_by_mac ON hardware (mac, at);

CREATE TABLE boot_event (
    boot TEXT NOT NULL,
    mac TEXT NOT NULL,
    stage TEXT NOT NULL,
    at INTEGER NOT NULL,            -- milliseconds since 1970
    detail TEXT NOT NULL
) STRICT;

CREATE INDEX boot_event_by_mac ON boot_event (mac, at);
CREATE INDEX boot_event_by_time ON boot_event (at);
