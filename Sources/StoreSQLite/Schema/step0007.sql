-- Step 7: the last signed move of each channel; accounts of directories that are vouched for by their log-ins.

CREATE TABLE channel_move (
    image TEXT NOT NULL,
    name TEXT NOT NULL,             -- of the channel
    record TEXT NOT NULL,           -- JSON
    PRIMARY KEY (image, name)
) STRICT;

-- Seconds since 1970. Accounts of directories have until now been vouched for without end: their time begins.
ALTER TABLE administrator ADD COLUMN logged_in_at INTEGER;
UPDATE administrator SET logged_in_at = CAST(strftime('%s', 'now') AS INTEGER)
WHERE json_extract(record, '$.source') <> 'local';

-- For thirty days, the first log-in under its name links an account of a provider.
UPDATE administrator SET record = json_set(record, '$.linkableUntil', CAST(strftime('%s', 'now') AS INTEGER) + 2592000)
WHERE json_extract(record, '$.source') = 'oidc' AND json_extract(record, '$.identity') IS NULL;
