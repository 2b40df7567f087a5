-- Step 20: the nodes and servers of a run that goes on, one by one: a batch of many writes those that have changed.

CREATE TABLE schedule_target (
    kind TEXT NOT NULL DEFAULT 'schedule' CHECK (kind = 'schedule'),
    key TEXT NOT NULL,              -- the schedule's name
    position INTEGER NOT NULL,      -- in the run, from 0
    name TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (kind, key, position),
    FOREIGN KEY (kind, key) REFERENCES schedule_progress (kind, key) ON DELETE CASCADE
) STRICT;

INSERT INTO schedule_target (key, position, name, outcome, detail)
SELECT run.key, target.key, ifnull(json_extract(run.progress, target.fullkey || '.name'), ''),
    ifnull(json_extract(run.progress, target.fullkey || '.outcome'), ''),
    ifnull(json_extract(run.progress, target.fullkey || '.detail'), '')
FROM schedule_progress AS run,
    json_each(CASE WHEN json_valid(run.progress) THEN run.progress ELSE '{}' END, '$.current.targets') AS target;

UPDATE schedule_progress SET progress = json_set(
    progress, '$.current.targets', json('[]'), '$.current.counts', json('{}'))
WHERE CASE WHEN json_valid(progress) THEN json_type(progress, '$.current') = 'object' ELSE 0 END;
