-- Step 21: records that were removed are found without reading the whole history: which names nodes have had.

CREATE INDEX revision_edit_of_removals ON revision_edit (kind, key) WHERE after IS NULL;
