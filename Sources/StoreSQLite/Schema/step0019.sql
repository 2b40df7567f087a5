-- Step 19: what schedules have done, and do now. It goes with its schedule.

CREATE TABLE schedule_progress (
    kind TEXT NOT NULL DEFAULT 'schedule' CHECK (kind = 'schedule'),
    key TEXT NOT NULL,              -- the schedule's name
    progress TEXT NOT NULL,         -- as JSON
    PRIMARY KEY (kind, key),
    FOREIGN KEY (kind, key) REFERENCES record (kind, key) ON DELETE CASCADE
) STRICT;
