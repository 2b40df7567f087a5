-- Back from step 19. Schedules stay, and an older program does not run them; what they have done is there again when a newer one runs.

CREATE TABLE kept_schedule_progress AS SELECT * FROM schedule_progress;
DROP TABLE schedule_progress;
