-- Step 8: secrets are sealed.

-- By what secret: its fingerprint. No row while secrets are there in clear.
CREATE TABLE sealing (
    key TEXT PRIMARY KEY
) STRICT;
