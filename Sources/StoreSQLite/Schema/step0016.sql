-- Step 16: what was minted for which boot, without its value. A row is there before anything is made, so that a server that is killed knows
-- what it may have left behind.

CREATE TABLE secret_mint (
    handle TEXT PRIMARY KEY,        -- its name where it is made
    secret TEXT NOT NULL,           -- the secret's name
    mac TEXT NOT NULL,
    boot TEXT NOT NULL,
    node TEXT NOT NULL,
    state TEXT NOT NULL,            -- making, made, sent, used, failed, removed
    is_removed INTEGER NOT NULL,    -- whether it is removed again where it was made
    shown TEXT,                     -- what people may know of it
    at INTEGER NOT NULL,            -- seconds since 1970
    expires_at INTEGER,
    failure TEXT                    -- why it was not made
) STRICT;

CREATE INDEX secret_mint_boot ON secret_mint (secret, mac, boot);
CREATE INDEX secret_mint_open ON secret_mint (state) WHERE is_removed;
