-- Step 13: how the steps of nodes' configurations ended.

CREATE TABLE boot_steps (
    mac TEXT NOT NULL,
    boot TEXT NOT NULL,
    phase TEXT NOT NULL,            -- before-init, init, late, shutdown
    failed INTEGER NOT NULL,        -- how many failed
    record TEXT NOT NULL,           -- JSON
    PRIMARY KEY (mac, boot, phase)
) STRICT;

-- To show at the start what is wrong, without reading all of it.
CREATE INDEX boot_steps_failed ON boot_steps (mac, boot) WHERE failed > 0;
