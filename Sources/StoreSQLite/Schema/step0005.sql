-- Step 5: versions on trial, machines that do not come up, volumes.

ALTER TABLE boot_event ADD COLUMN version TEXT;     -- digest of the version that the machine was told to boot

ALTER TABLE image_version ADD COLUMN published_by TEXT NOT NULL DEFAULT '';

CREATE TABLE rollout (
    id INTEGER PRIMARY KEY,
    is_over INTEGER NOT NULL,
    record TEXT NOT NULL            -- JSON
) STRICT;

CREATE INDEX rollout_under_way ON rollout (is_over) WHERE NOT is_over;

CREATE TABLE volume (
    node TEXT PRIMARY KEY,
    record TEXT NOT NULL            -- JSON
) STRICT;

CREATE TABLE boot_test (
    image TEXT NOT NULL,
    number INTEGER NOT NULL,
    is_passed INTEGER NOT NULL,
    record TEXT NOT NULL,           -- JSON, with the console
    PRIMARY KEY (image, number)
) STRICT;

CREATE TABLE boot_trouble (
    mac TEXT PRIMARY KEY,
    record TEXT NOT NULL            -- JSON
) STRICT;
