-- Step 9: cards that no node's record names, and the machines that they were last seen in.

CREATE TABLE learned_card (
    number INTEGER PRIMARY KEY,     -- the card that was seen last has the highest
    mac TEXT NOT NULL UNIQUE,
    uuid TEXT NOT NULL              -- of a node
) STRICT;

CREATE INDEX learned_card_by_uuid ON learned_card (uuid);
