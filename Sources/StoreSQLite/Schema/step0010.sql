-- Step 10: one table for the records of all kinds.

CREATE TABLE record (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    record TEXT NOT NULL,           -- JSON
    is_closed INTEGER NOT NULL,     -- kept for the history, part of no configuration any more
    PRIMARY KEY (kind, key)
) STRICT;

-- What else records are found by: a node's cards.
CREATE TABLE record_name (
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (name, kind, key)
) STRICT;

CREATE INDEX record_name_by_record ON record_name (kind, key);

INSERT INTO record SELECT 'node', name, record, 0 FROM node;
INSERT INTO record SELECT 'group', path, record, 0 FROM node_group;
INSERT INTO record SELECT 'rule', name, record, 0 FROM match_rule;
INSERT INTO record SELECT 'volume', node, record, 0 FROM volume;
INSERT INTO record SELECT 'rollout', CAST(id AS TEXT), record, is_over FROM rollout;
INSERT INTO record SELECT 'move', image || '@' || name, record, 0 FROM channel_move;
INSERT INTO record SELECT 'tag', image || '@' || name, CAST(number AS TEXT), 0 FROM image_tag;
INSERT INTO record SELECT 'keep', image, CAST(number AS TEXT), 0 FROM image_keep;
INSERT INTO record SELECT 'channel', image || '@' || name,
    CASE WHEN former IS NULL THEN json_object('number', number)
    ELSE json_object('former', former, 'number', number) END, 0
FROM channel;
INSERT INTO record_name SELECT mac, 'node', node FROM node_address;

DROP TABLE node_address;
DROP TABLE node;
DROP TABLE node_group;
DROP TABLE match_rule;
DROP TABLE volume;
DROP TABLE rollout;
DROP TABLE channel_move;
DROP TABLE image_tag;
DROP TABLE image_keep;
DROP TABLE channel;

-- A setting has got the name that people look for. In a text its quotation marks would be escaped.
UPDATE record SET record = replace(record, '"ssh-authorised-keys":', '"ssh-authorized-keys":')
WHERE kind IN ('node', 'group', 'rule');
UPDATE revision_edit SET before = replace(before, '"ssh-authorised-keys":', '"ssh-authorized-keys":'),
    after = replace(after, '"ssh-authorised-keys":', '"ssh-authorized-keys":')
WHERE kind IN ('node', 'group', 'rule');
