from functools import partial

from backend.reports.services import definitions, schema
from backend.reports.services.schema import ReportsError
from upkeep.operations import Params, RunContext, operation


class MakeReports(Params):
    cascade: bool = False
    """Drop what others have built on views whose columns are other ones by now: their views, materialized views."""


def _confirmation(params: MakeReports) -> str | None:
    return "yes" if params.cascade else None


@operation(
    "reports.make_reports",
    exclusive="reports",
    confirm=_confirmation,
    errors=(ReportsError,),
    examples=(
        ("--dry-run --verbose", "Show which views are new or changed, with their columns before and after."),
        ("", "Make the views, or bring them up to date."),
    ),
)
def make_reports(params: MakeReports, run: RunContext) -> None:
    """Create the views of the schema report, or update them to this version, in one transaction.

    Grants are kept. If the columns of a view were renamed, retyped, reordered or dropped, it is dropped and
    created anew; what others have built on it is named, and nothing is touched.
    """
    views = definitions.all_views()
    run.commit(partial(schema.plan, views, cascade=params.cascade), write=schema.write, whole=True)
    counts = run.counts_by_step.get("")
    new, changed, unchanged = (counts[kind] if counts else 0 for kind in ("created", "updated", "unchanged"))
    run.report(f"{len(views)} views: {new} new, {changed} changed, {unchanged} unchanged")
