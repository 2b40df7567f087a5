-- Back from step 21.

DROP INDEX revision_edit_of_removals;
