CREATE VIEW report.contribution WITH (security_barrier) AS
WITH entry AS ($entry)
SELECT entry.task_id, member.username::text AS username, sum(entry.hours) AS hours,
    sum(entry.hours) / nullif(sum(sum(entry.hours)) OVER (PARTITION BY entry.task_id), 0) AS share,
    min(tracker.downloaded_at) AS as_of
FROM entry
LEFT JOIN tracking_tracker AS tracker ON tracker.id = entry.tracker_id
LEFT JOIN tracking_externaluser AS person ON person.id = entry.external_user_id
LEFT JOIN accounts_user AS member ON member.id = person.user_id
WHERE entry.task_id IS NOT NULL AND ($is_unlimited OR entry.tracker_id = ANY ($visible_trackers))
GROUP BY entry.task_id, member.id;

COMMENT ON VIEW report.contribution IS 'The hours that each member gave each task. A task''s hours here are its worked_hours in report.task.';
COMMENT ON COLUMN report.contribution.task_id IS 'The task: report.task.task_id.';
COMMENT ON COLUMN report.contribution.username IS 'The user who worked. Null: all those who are not users of Upkeep.';
COMMENT ON COLUMN report.contribution.hours IS 'The hours that they worked on the task.';
COMMENT ON COLUMN report.contribution.share IS 'The part of the hours of the task that these are, from 0 to 1. Null: the task has entries, but no hours.';
COMMENT ON COLUMN report.contribution.as_of IS 'When the last complete download of the trackers of the work began, a moment (UTC). Null: never.';
