-- Back from step 7; what was sealed is open already.

DROP TABLE sealing;
