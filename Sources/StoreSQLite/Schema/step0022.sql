-- Step 22: when a person's last session on a terminal server began is found without reading the whole history.

CREATE INDEX terminal_session_of_user ON terminal_session (user, server, started_at) WHERE ended_at IS NOT NULL;
