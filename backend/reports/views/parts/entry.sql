-- The work entries with what each is matched with: the one place that knows where that is stored.
SELECT id, tracker_id, external_user_id, task_id, matched_by_id, external_task, breadcrumb, text, started_at, duration,
    extract(epoch FROM duration) / 3600 AS hours
FROM tracking_workentry
