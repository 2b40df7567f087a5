-- Step 18: sessions on terminal servers, for as many days as the setting session-history says.

CREATE TABLE terminal_session (
    id INTEGER PRIMARY KEY,
    server TEXT NOT NULL,
    session TEXT NOT NULL,          -- its identifier on the server, as long as it runs
    user TEXT NOT NULL,
    kind TEXT NOT NULL,             -- rdp, ssh, x2go, vnc
    place TEXT NOT NULL,            -- the node where it was shown, or an address
    started_at INTEGER NOT NULL,    -- seconds since 1970
    ended_at INTEGER                -- null: it runs, as far as is known
) STRICT;

CREATE INDEX terminal_session_open ON terminal_session (server, session) WHERE ended_at IS NULL;
CREATE INDEX terminal_session_ended ON terminal_session (ended_at);
