-- Back from step 17. What was refused is there again when a newer program runs.

CREATE TABLE kept_refused_tpm AS SELECT * FROM refused_tpm;
DROP TABLE refused_tpm;
