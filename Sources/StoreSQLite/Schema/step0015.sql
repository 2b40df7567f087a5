-- Step 15: which node got which version of a secret in which boot. Values stand beside the records, sealed, as secrets of other kinds do.

CREATE TABLE secret_receipt (
    secret TEXT NOT NULL,           -- its name
    mac TEXT NOT NULL,
    boot TEXT NOT NULL,
    node TEXT NOT NULL,
    key TEXT NOT NULL,              -- the prefix of the node's key in that boot
    version INTEGER NOT NULL,
    armed_in INTEGER NOT NULL,      -- the revision that armed it
    at INTEGER NOT NULL,            -- seconds since 1970
    count INTEGER NOT NULL,         -- how often it went out in that boot
    PRIMARY KEY (secret, mac, boot)
) STRICT;

CREATE INDEX secret_receipt_boot ON secret_receipt (mac, boot);
CREATE INDEX secret_receipt_node ON secret_receipt (node, secret);
CREATE INDEX secret_receipt_arming ON secret_receipt (secret, armed_in);
