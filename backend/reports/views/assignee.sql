CREATE VIEW report.assignee WITH (security_barrier) AS
SELECT assignee.task_id, member.username::text AS username, tracker.downloaded_at AS as_of
FROM tracking_taskassignee AS assignee
JOIN tracking_task AS task ON task.id = assignee.task_id
LEFT JOIN tracking_tracker AS tracker ON tracker.id = task.tracker_id
JOIN tracking_externaluser AS person ON person.id = assignee.external_user_id
LEFT JOIN accounts_user AS member ON member.id = person.user_id
WHERE assignee.is_current AND ($is_unlimited OR task.tracker_id = ANY ($visible_trackers))
GROUP BY assignee.task_id, member.id, tracker.id;

COMMENT ON VIEW report.assignee IS 'Who is assigned to each task now.';
COMMENT ON COLUMN report.assignee.task_id IS 'The task: report.task.task_id.';
COMMENT ON COLUMN report.assignee.username IS 'The user who is assigned. Null: all those who are not users of Upkeep.';
COMMENT ON COLUMN report.assignee.as_of IS 'When the last complete download of the tracker began, a moment (UTC). Null: never.';
