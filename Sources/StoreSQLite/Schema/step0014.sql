-- Step 14: where a boot's configuration went is stored as what it is, and no longer only in a sentence for people.

ALTER TABLE boot_event ADD COLUMN delivery TEXT;     -- JSON: address and key; with the stage "delivered" only

UPDATE boot_event
SET delivery = json_object(
    'address', substr(detail, 4, instr(detail, ',') - 4),
    'key', substr(detail, instr(detail, ', sealed for key ') + 17))
WHERE stage = 'delivered' AND detail LIKE 'to %, sealed for key %';
