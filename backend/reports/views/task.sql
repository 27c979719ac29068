CREATE VIEW report.task WITH (security_barrier) AS
WITH entry AS ($entry)
SELECT task.id AS task_id, organization.code AS organization_code, project.code AS project_code,
    tracker.name AS tracker, task.code, task.title,
    nullif(task.url, '') AS url, nullif(task.state, '') AS state, nullif(task.moved_to, '') AS moved_to,
    task.closed_at IS NOT NULL AND task.moved_to = '' AS is_finished, task.created_at,
    CASE WHEN task.moved_to = '' THEN task.closed_at END AS finished_at, owner.username::text AS owner_username,
    task.estimate::numeric AS estimated_hours, coalesce(worked.hours, 0) AS worked_hours, worked.first_worked_at,
    worked.last_worked_at, tracker.downloaded_at AS as_of
FROM tracking_task AS task
LEFT JOIN tracking_tracker AS tracker ON tracker.id = task.tracker_id
LEFT JOIN tracking_project AS project ON project.id = tracker.project_id
LEFT JOIN tracking_organization AS organization ON organization.id = project.organization_id
LEFT JOIN accounts_user AS owner ON owner.id = task.owner_id
LEFT JOIN LATERAL (
    SELECT sum(entry.hours) AS hours, min(entry.started_at) AS first_worked_at, max(entry.started_at) AS last_worked_at
    FROM entry WHERE entry.task_id = task.id) AS worked ON true
WHERE ($is_unlimited OR task.tracker_id = ANY ($visible_trackers));

COMMENT ON VIEW report.task IS 'Every task, from trackers or declared by hand.';
COMMENT ON COLUMN report.task.task_id IS 'The id of the task in Upkeep.';
COMMENT ON COLUMN report.task.organization_code IS 'The code of the organization that the task belongs to.';
COMMENT ON COLUMN report.task.project_code IS 'The code of the project; unique within its organization.';
COMMENT ON COLUMN report.task.tracker IS 'The name of the tracker that has the task; unique within its project.';
COMMENT ON COLUMN report.task.code IS 'What people call the task: #123, ABC-12.';
COMMENT ON COLUMN report.task.title IS 'The title of the task.';
COMMENT ON COLUMN report.task.url IS 'The address of the task in its tracker. Null: it has none.';
COMMENT ON COLUMN report.task.state IS 'The state as the tracker calls it. Null: the tracker has none.';
COMMENT ON COLUMN report.task.moved_to IS 'Of a task that moved to another project: the id or the code of its successor, or unknown. Null: it did not move.';
COMMENT ON COLUMN report.task.is_finished IS 'Whether the task is closed in its tracker, and not because it moved.';
COMMENT ON COLUMN report.task.created_at IS 'When the task was created in its tracker, a moment (UTC). Null: unknown.';
COMMENT ON COLUMN report.task.finished_at IS 'When the task was closed in its tracker, a moment (UTC). Null: it is not finished.';
COMMENT ON COLUMN report.task.owner_username IS 'The user who owns the task. Null: nobody.';
COMMENT ON COLUMN report.task.estimated_hours IS 'The estimate in hours. Null: not estimated.';
COMMENT ON COLUMN report.task.worked_hours IS 'Hours of all work that is matched with the task; 0 without work.';
COMMENT ON COLUMN report.task.first_worked_at IS 'When the first work on the task began, a moment (UTC). Null: no work.';
COMMENT ON COLUMN report.task.last_worked_at IS 'When the last work on the task began, a moment (UTC). Null: no work.';
COMMENT ON COLUMN report.task.as_of IS 'When the last complete download of the tracker began, a moment (UTC). Null: never, as of tasks declared by hand.';
