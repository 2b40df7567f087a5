-- Back from step 20. What has become of the nodes and servers of a run stands in the run again.

UPDATE schedule_progress SET progress = json_set(
    progress,
    '$.current.targets', json(ifnull((
        SELECT json_group_array(json_object('name', name, 'outcome', outcome, 'detail', detail))
        FROM (
            SELECT name, outcome, detail FROM schedule_target AS target
            WHERE target.kind = schedule_progress.kind AND target.key = schedule_progress.key
            ORDER BY position)), '[]')),
    '$.current.counts', json(ifnull((
        SELECT json_group_object(outcome, count)
        FROM (
            SELECT outcome, count(*) AS count FROM schedule_target AS target
            WHERE target.kind = schedule_progress.kind AND target.key = schedule_progress.key
            GROUP BY outcome)), '{}')))
WHERE CASE WHEN json_valid(progress) THEN json_type(progress, '$.current') = 'object' ELSE 0 END;

DROP TABLE schedule_target;
