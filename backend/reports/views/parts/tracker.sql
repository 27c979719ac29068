-- The trackers that whoever asks may see.
SELECT tracker.id, organization.code AS organization_code, project.code AS project_code, tracker.name AS tracker,
    organization.time_zone, tracker.downloaded_at AS as_of
FROM tracking_tracker AS tracker
JOIN tracking_project AS project ON project.id = tracker.project_id
JOIN tracking_organization AS organization ON organization.id = project.organization_id
WHERE $is_unlimited OR organization.id IN (
    SELECT unnest(reader.organization_ids) FROM reports_limitedreader AS reader WHERE $is_reader)
