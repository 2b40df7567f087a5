-- Back from step 12; addresses of web hooks are open already.

ALTER TABLE sealing DROP COLUMN has_addresses;
