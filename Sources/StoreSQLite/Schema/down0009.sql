-- Back from step 9.

CREATE TABLE kept_learned_card AS SELECT * FROM learned_card;
DROP TABLE learned_card;
