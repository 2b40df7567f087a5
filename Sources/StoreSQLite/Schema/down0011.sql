-- Back from step 11.

CREATE TABLE kept_board_link AS SELECT * FROM board_link;
DROP TABLE board_link;
