CREATE VIEW report.unmatched_work WITH (security_barrier) AS
WITH entry AS ($entry)
SELECT entry.id AS work_id, organization.code AS organization_code, project.code AS project_code,
    tracker.name AS tracker,
    member.username::text AS username, person.username AS external_username, entry.started_at,
    (entry.started_at AT TIME ZONE organization.time_zone)::date AS local_date, entry.hours AS duration_in_hours, entry.text,
    entry.breadcrumb, CASE WHEN entry.looked_for IS NULL THEN 'no_rule' ELSE 'no_such_task' END AS reason,
    entry.looked_for AS code, tracker.downloaded_at AS as_of
FROM entry
LEFT JOIN tracking_tracker AS tracker ON tracker.id = entry.tracker_id
LEFT JOIN tracking_project AS project ON project.id = tracker.project_id
LEFT JOIN tracking_organization AS organization ON organization.id = project.organization_id
LEFT JOIN tracking_externaluser AS person ON person.id = entry.external_user_id
LEFT JOIN accounts_user AS member ON member.id = person.user_id
WHERE entry.task_id IS NULL AND ($is_unlimited OR entry.tracker_id = ANY ($visible_trackers));

COMMENT ON VIEW report.unmatched_work IS 'Every work entry that is not matched with a task, and why.';
COMMENT ON COLUMN report.unmatched_work.work_id IS 'The id of the work entry in Upkeep.';
COMMENT ON COLUMN report.unmatched_work.organization_code IS 'The code of the organization.';
COMMENT ON COLUMN report.unmatched_work.project_code IS 'The code of the project that the work was recorded in; unique within its organization.';
COMMENT ON COLUMN report.unmatched_work.tracker IS 'The name of the tracker that the work was recorded in; unique within its project.';
COMMENT ON COLUMN report.unmatched_work.username IS 'The user who worked. Null: the tracker names nobody, or somebody who is not a user of Upkeep.';
COMMENT ON COLUMN report.unmatched_work.external_username IS 'What the tracker calls who worked. Null: it names nobody.';
COMMENT ON COLUMN report.unmatched_work.started_at IS 'When the work began, a moment (UTC). A period of days is fastest as bounds on this column.';
COMMENT ON COLUMN report.unmatched_work.local_date IS 'The day on which the work began, in the time zone of the organization.';
COMMENT ON COLUMN report.unmatched_work.duration_in_hours IS 'How long the work took, in hours.';
COMMENT ON COLUMN report.unmatched_work.text IS 'What the member wrote about the work; may be empty.';
COMMENT ON COLUMN report.unmatched_work.breadcrumb IS 'Where the tracker has the work: customer / project / activity; may be empty.';
COMMENT ON COLUMN report.unmatched_work.reason IS 'no_such_task: the work names a task, and there is none of that name. no_rule: no rule of the project leads from the work to the name of a task.';
COMMENT ON COLUMN report.unmatched_work.code IS 'The code, id or address of a task that was looked for. Null: none was.';
COMMENT ON COLUMN report.unmatched_work.as_of IS 'When the last complete download of the tracker began, a moment (UTC). Null: never.';
