-- Back from step 18. The history of sessions is continued when a newer program runs again.

CREATE TABLE kept_terminal_session AS SELECT * FROM terminal_session;
DROP TABLE terminal_session;
