-- Back from step 5.

CREATE TABLE kept_rollout AS SELECT * FROM rollout;
CREATE TABLE kept_boot_trouble AS SELECT * FROM boot_trouble;
CREATE TABLE kept_volume AS SELECT * FROM volume;
CREATE TABLE kept_boot_test AS SELECT * FROM boot_test;
DROP TABLE boot_test;
DROP TABLE volume;
DROP TABLE rollout;
DROP TABLE boot_trouble;
ALTER TABLE image_version DROP COLUMN published_by;
ALTER TABLE boot_event DROP COLUMN version;
