-- Step 6: names of versions that do not move, how many versions stay, who vouches for them.

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

CREATE TABLE image_signature (
    digest TEXT NOT NULL,           -- of the version
    key TEXT NOT NULL,              -- Ed25519 public key, Base64
    signature TEXT NOT NULL,        -- Base64
    PRIMARY KEY (digest, key)
) STRICT;
