-- Back from step 2: both tables are made of the events again by the next upgrade.

DROP TABLE boot;
DROP TABLE last_boot;
DROP INDEX boot_event_by_boot;
CREATE INDEX boot_event_by_mac ON boot_event (mac, at);
