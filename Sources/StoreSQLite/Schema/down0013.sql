-- Back from step 13.

CREATE TABLE kept_boot_steps AS SELECT * FROM boot_steps;
DROP TABLE boot_steps;
