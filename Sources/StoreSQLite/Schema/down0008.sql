-- Back from step 8; what was sealed is open already.

DROP TABLE sealing;
