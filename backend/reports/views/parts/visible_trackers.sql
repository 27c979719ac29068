-- Asked once a query, and by limited users alone. What is read besides is joined on the left, so that PostgreSQL leaves
-- out the joins that a query does not need.
ARRAY(
    SELECT tracker.id FROM reports_limitedreader AS reader
    JOIN tracking_project AS project ON project.organization_id = ANY (reader.organization_ids)
    JOIN tracking_tracker AS tracker ON tracker.project_id = project.id
    WHERE $is_reader)
