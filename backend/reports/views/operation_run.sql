CREATE VIEW report.operation_run WITH (security_barrier) AS
SELECT id AS run_id, operation::text, nullif(split_part(origin, ':', 1), '') AS trigger, status::text, dry_run, created_at,
    started_at, finished_at, extract(epoch FROM finished_at - started_at) AS seconds,
    coalesce((counts ->> 'processed')::bigint, 0) AS processed, coalesce((counts ->> 'created')::bigint, 0) AS created,
    coalesce((counts ->> 'updated')::bigint, 0) AS updated, coalesce((counts ->> 'deleted')::bigint, 0) AS deleted,
    coalesce((counts ->> 'unchanged')::bigint, 0) AS unchanged, coalesce((counts ->> 'skipped')::bigint, 0) AS skipped,
    coalesce((counts ->> 'failed')::bigint, 0) AS failed, reasons, attempt AS attempts, nullif(error, '') AS error
FROM upkeep_operations_run
WHERE parent_id IS NULL AND $is_unlimited;

COMMENT ON VIEW report.operation_run IS 'Every run of a maintenance operation; the parts of a divided run count with it. Empty for users who are limited to organizations.';
COMMENT ON COLUMN report.operation_run.run_id IS 'The id of the run, which is also that of its Celery task.';
COMMENT ON COLUMN report.operation_run.operation IS 'The name of the operation: tracking.update_project.';
COMMENT ON COLUMN report.operation_run.trigger IS 'What started the run: command, beat (the schedule), admin, message, chain, or the name of an operation. Null: unknown.';
COMMENT ON COLUMN report.operation_run.status IS 'How far the run is, or how it ended.';
COMMENT ON COLUMN report.operation_run.dry_run IS 'Whether the run only shows what it would do.';
COMMENT ON COLUMN report.operation_run.created_at IS 'When the run was ordered, a moment (UTC).';
COMMENT ON COLUMN report.operation_run.started_at IS 'When the run first began, a moment (UTC). Null: not yet, or never.';
COMMENT ON COLUMN report.operation_run.finished_at IS 'When the run ended, a moment (UTC). Null: it did not.';
COMMENT ON COLUMN report.operation_run.seconds IS 'Seconds from the first start to the end, with waits between attempts. Null: it did not start, or not end.';
COMMENT ON COLUMN report.operation_run.processed IS 'The number of items that the run looked at: the sum of the six numbers that follow.';
COMMENT ON COLUMN report.operation_run.created IS 'The number of items that were created; of a dry run, that would be.';
COMMENT ON COLUMN report.operation_run.updated IS 'The number of items that were updated; of a dry run, that would be.';
COMMENT ON COLUMN report.operation_run.deleted IS 'The number of items that were deleted; of a dry run, that would be.';
COMMENT ON COLUMN report.operation_run.unchanged IS 'The number of items that were left as they are.';
COMMENT ON COLUMN report.operation_run.skipped IS 'The number of items that were skipped; reasons says why.';
COMMENT ON COLUMN report.operation_run.failed IS 'The number of items that failed; reasons says why.';
COMMENT ON COLUMN report.operation_run.reasons IS 'The numbers of skipped and failed items by reason: {"failed": {"not_found": 2}}.';
COMMENT ON COLUMN report.operation_run.attempts IS 'How often the run was begun: more than 1 after the loss of a worker or a resumption.';
COMMENT ON COLUMN report.operation_run.error IS 'Why the run failed, in one line. Null: it did not.';
