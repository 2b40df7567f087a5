-- Back from step 10: each kind has its table again. Kinds that came later are kept.

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

CREATE TABLE match_rule (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL            -- JSON
) STRICT;

CREATE TABLE volume (
    node TEXT PRIMARY KEY,
    record TEXT NOT NULL            -- JSON
) STRICT;

CREATE TABLE rollout (
    id INTEGER PRIMARY KEY,
    is_over INTEGER NOT NULL,
    record TEXT NOT NULL            -- JSON
) STRICT;

CREATE INDEX rollout_under_way ON rollout (is_over) WHERE NOT is_over;

CREATE TABLE channel_move (
    image TEXT NOT NULL,
    name TEXT NOT NULL,             -- of the channel
    record TEXT NOT NULL,           -- JSON
    PRIMARY KEY (image, name)
) STRICT;

CREATE TABLE image_tag (
    image TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (image, name)
) STRICT;

CREATE TABLE image_keep (
    image TEXT PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT;

CREATE TABLE channel (
    image TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    former INTEGER,                 -- where it pointed before: what rollback goes back to
    PRIMARY KEY (image, name)
) STRICT;

INSERT INTO node SELECT key, record FROM record WHERE kind = 'node';
INSERT INTO node_address SELECT name, key FROM record_name WHERE kind = 'node';
INSERT INTO node_group SELECT key, record FROM record WHERE kind = 'group';
INSERT INTO match_rule SELECT key, record FROM record WHERE kind = 'rule';
INSERT INTO volume SELECT key, record FROM record WHERE kind = 'volume';
INSERT INTO rollout SELECT CAST(key AS INTEGER), is_closed, record FROM record WHERE kind = 'rollout';
INSERT INTO channel_move
SELECT substr(key, 1, instr(key, '@') - 1), substr(key, instr(key, '@') + 1), record FROM record WHERE kind = 'move';
INSERT INTO image_tag
SELECT substr(key, 1, instr(key, '@') - 1), substr(key, instr(key, '@') + 1), CAST(record AS INTEGER)
FROM record WHERE kind = 'tag';
INSERT INTO image_keep SELECT key, CAST(record AS INTEGER) FROM record WHERE kind = 'keep';
INSERT INTO channel
SELECT substr(key, 1, instr(key, '@') - 1), substr(key, instr(key, '@') + 1),
    json_extract(record, '$.number'), json_extract(record, '$.former')
FROM record WHERE kind = 'channel';

-- The history of channels is read by older programs as numbers alone.
UPDATE revision_edit SET before = CAST(json_extract(before, '$.number') AS TEXT)
WHERE kind = 'channel' AND json_valid(before) AND json_type(before) = 'object';
UPDATE revision_edit SET after = CAST(json_extract(after, '$.number') AS TEXT)
WHERE kind = 'channel' AND json_valid(after) AND json_type(after) = 'object';

UPDATE node SET record = replace(record, '"ssh-authorized-keys":', '"ssh-authorised-keys":');
UPDATE node_group SET record = replace(record, '"ssh-authorized-keys":', '"ssh-authorised-keys":');
UPDATE match_rule SET record = replace(record, '"ssh-authorized-keys":', '"ssh-authorised-keys":');
UPDATE revision_edit SET before = replace(before, '"ssh-authorized-keys":', '"ssh-authorised-keys":'),
    after = replace(after, '"ssh-authorized-keys":', '"ssh-authorised-keys":')
WHERE kind IN ('node', 'group', 'rule');

DELETE FROM record
WHERE kind IN ('node', 'group', 'rule', 'volume', 'rollout', 'move', 'tag', 'keep', 'channel');
DELETE FROM record_name WHERE kind = 'node';
CREATE TABLE kept_record AS SELECT * FROM record;
CREATE TABLE kept_record_name AS SELECT * FROM record_name;
DROP TABLE record;
DROP TABLE record_name;
