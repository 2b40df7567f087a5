-- Back from step 22.

DROP INDEX terminal_session_of_user;
