-- Back from step 14: older programs read the sentence.

ALTER TABLE boot_event DROP COLUMN delivery;
