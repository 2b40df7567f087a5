-- Back from step 15. Secrets stay as records that older programs leave alone.

CREATE TABLE kept_secret_receipt AS SELECT * FROM secret_receipt;
DROP TABLE secret_receipt;
