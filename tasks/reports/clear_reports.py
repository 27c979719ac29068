from functools import partial

from backend.reports.services import definitions, schema
from backend.reports.services.schema import ReportsError
from upkeep.operations import Params, RunContext, operation


class ClearReports(Params):
    cascade: bool = False
    """Drop what others have built on the views, too."""


@operation(
    "reports.clear_reports",
    exclusive="reports",
    confirm="yes",
    errors=(ReportsError,),
    examples=(
        ("--dry-run --verbose", "List what would be dropped."),
        ("", "Count it, then drop it when that is confirmed."),
    ),
)
def clear_reports(params: ClearReports, run: RunContext) -> None:
    """Drop the views of the schema report, and leave the schema.

    A view on which others have built is kept, and what they have built is named. Who may read the views has to be
    granted anew, but for the users that make_report_user has made.
    """
    names = [view.name for view in definitions.all_views()]
    run.commit(partial(schema.clearing, names, cascade=params.cascade), write=schema.drop, whole=True)
    counts = run.counts_by_step.get("")
    dropped = "would be dropped" if run.dry_run else "dropped"
    run.report(f"{counts['deleted'] if counts else 0} {dropped}, {counts['skipped'] if counts else 0} kept")
