-- Step 12: addresses of web hooks are sealed, like other secrets.

-- 0: they are still in clear. They are sealed when the store is next opened with the key.
ALTER TABLE sealing ADD COLUMN has_addresses INTEGER NOT NULL DEFAULT 0;
