-- The work entries with what each is matched with: the one place that knows where that is stored.
SELECT work.id, work.tracker_id, work.external_user_id, match.task_id, match.matched_by_id, match.looked_for,
    work.breadcrumb, work.text, work.started_at, work.duration, extract(epoch FROM work.duration) / 3600 AS hours
FROM tracking_workentry AS work LEFT JOIN tracking_entrymatch AS match ON match.entry_id = work.id
