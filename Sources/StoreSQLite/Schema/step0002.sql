-- Step 2: boots beside their events, so that the last ones are found without reading all events.

CREATE TABLE boot (
    mac TEXT NOT NULL,
    boot TEXT NOT NULL,
    last_at INTEGER NOT NULL,       -- milliseconds since 1970: its newest event
    PRIMARY KEY (mac, boot)
) STRICT;

CREATE INDEX boot_by_time ON boot (last_at);

-- The boot of each machine whose event is the newest.
CREATE TABLE last_boot (
    mac TEXT PRIMARY KEY,
    boot TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

INSERT INTO boot SELECT mac, boot, max(at) FROM boot_event GROUP BY mac, boot;
INSERT INTO last_boot SELECT mac, boot, max(last_at) FROM boot GROUP BY mac;
DROP INDEX boot_event_by_mac;
CREATE INDEX boot_event_by_boot ON boot_event (mac, boot);
