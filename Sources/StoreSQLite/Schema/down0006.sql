-- Back from step 6.

CREATE TABLE kept_image_tag AS SELECT * FROM image_tag;
CREATE TABLE kept_image_keep AS SELECT * FROM image_keep;
CREATE TABLE kept_image_signature AS SELECT * FROM image_signature;
DROP TABLE image_tag;
DROP TABLE image_keep;
DROP TABLE image_signature;
