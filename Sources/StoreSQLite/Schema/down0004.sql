-- Back from step 4.

CREATE TABLE kept_web_hook AS SELECT * FROM web_hook;
DROP TABLE web_hook;
