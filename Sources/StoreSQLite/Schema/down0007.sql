-- Back from step 7.

CREATE TABLE kept_channel_move AS SELECT * FROM channel_move;
DROP TABLE channel_move;
ALTER TABLE administrator DROP COLUMN logged_in_at;
