CREATE VIEW report.work WITH (security_barrier) AS
WITH entry AS ($entry)
SELECT entry.id AS work_id, organization.code AS organization_code, project.code AS project_code,
    tracker.name AS tracker, entry.task_id,
    task.code AS task_code, member.username::text AS username, person.username AS external_username, entry.started_at,
    (entry.started_at AT TIME ZONE organization.time_zone)::date AS local_date, entry.hours AS duration_in_hours, entry.text,
    entry.breadcrumb, rule.match_on AS matched_by, tracker.downloaded_at AS as_of
FROM entry
LEFT JOIN tracking_tracker AS tracker ON tracker.id = entry.tracker_id
LEFT JOIN tracking_project AS project ON project.id = tracker.project_id
LEFT JOIN tracking_organization AS organization ON organization.id = project.organization_id
LEFT JOIN tracking_task AS task ON task.id = entry.task_id
LEFT JOIN tracking_externaluser AS person ON person.id = entry.external_user_id
LEFT JOIN accounts_user AS member ON member.id = person.user_id
LEFT JOIN tracking_workmatch AS rule ON rule.id = entry.matched_by_id
WHERE entry.task_id IS NOT NULL AND ($is_unlimited OR entry.tracker_id = ANY ($visible_trackers));

COMMENT ON VIEW report.work IS 'Every work entry that is matched with a task. The others are in report.unmatched_work: the hours of both are all hours.';
COMMENT ON COLUMN report.work.work_id IS 'The id of the work entry in Upkeep.';
COMMENT ON COLUMN report.work.organization_code IS 'The code of the organization.';
COMMENT ON COLUMN report.work.project_code IS 'The code of the project that the work was recorded in; unique within its organization.';
COMMENT ON COLUMN report.work.tracker IS 'The name of the tracker that the work was recorded in; unique within its project.';
COMMENT ON COLUMN report.work.task_id IS 'The task that the work is for: report.task.task_id.';
COMMENT ON COLUMN report.work.task_code IS 'The code of that task.';
COMMENT ON COLUMN report.work.username IS 'The user who worked. Null: the tracker names nobody, or somebody who is not a user of Upkeep.';
COMMENT ON COLUMN report.work.external_username IS 'What the tracker calls who worked. Null: it names nobody.';
COMMENT ON COLUMN report.work.started_at IS 'When the work began, a moment (UTC). A period of days is fastest as bounds on this column.';
COMMENT ON COLUMN report.work.local_date IS 'The day on which the work began, in the time zone of the organization.';
COMMENT ON COLUMN report.work.duration_in_hours IS 'How long the work took, in hours.';
COMMENT ON COLUMN report.work.text IS 'What the member wrote about the work; may be empty.';
COMMENT ON COLUMN report.work.breadcrumb IS 'Where the tracker has the work: customer / project / activity; may be empty.';
COMMENT ON COLUMN report.work.matched_by IS 'The kind of the rule by which the work was matched with the task. Null: that rule is gone.';
COMMENT ON COLUMN report.work.as_of IS 'When the last complete download of the tracker began, a moment (UTC). Null: never.';
