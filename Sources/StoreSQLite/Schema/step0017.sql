-- Step 17: machines with a node's card that were refused because of their TPM, until people accept or dismiss that.

CREATE TABLE refused_tpm (
    mac TEXT PRIMARY KEY,   -- the card
    record TEXT NOT NULL    -- the alarm, as JSON
) STRICT;
