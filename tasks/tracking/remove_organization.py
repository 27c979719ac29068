from functools import partial
from typing import Annotated

from backend.tracking.models import Organization
from backend.tracking.services import removal
from backend.tracking.services.lookup import UnknownCodeError, organization
from tasks.tracking._subjects import of_organization
from upkeep.operations import Limits, Params, Positional, RunContext, erasure, operation, subjects

ORGANIZATION = "organization"


class RemoveOrganization(Params):
    organization: Annotated[str, Positional()]
    """The organization's code."""


def _organization(params: RemoveOrganization) -> str:
    return of_organization(params.organization)


def _code(params: RemoveOrganization) -> str:
    return params.organization


@operation(
    "tracking.remove_organization",
    exclusive=_organization,
    about=_organization,
    confirm=_code,
    errors=(UnknownCodeError,),
    limits=Limits(failed=0.5),
    examples=(
        ("demo --dry-run", "Count what would be removed."),
        ("demo", "Count it, then remove it when its code is typed."),
    ),
)
def remove_organization(params: RemoveOrganization, run: RunContext) -> None:
    """Remove an organization and all related data, including the parameters, changes and logs of its runs.

    Its members are kept, except users of a demo organization who are members nowhere else. Answers of its trackers may
    remain in the download cache, which clear_caches empties.
    """
    last = run.counts_by_step.get(ORGANIZATION)
    if last is None or not last.processed:  # else it is gone, and the run was resumed at its very end
        _remove(organization(params.organization), run)
    gone = {name: counts["deleted"] + counts["updated"] for name, counts in run.counts_by_step.items()}
    removed = {name: number for name, number in sorted(gone.items(), key=lambda item: (-item[1], item[0])) if number}
    for name, number in removed.items():
        run.report(f"{name}: {number:,}", removed=removed)


def _remove(doomed: Organization, run: RunContext) -> None:
    for kind in removal.contents(doomed, named=run.dry_run):
        with run.step(kind.name) as step:
            for batch in step.batches(kind.rows):
                batch.commit_sql(**kind.statements)
    for name, rows in removal.frame(doomed).items():
        with run.step(name) as step:
            for few in step.batches(rows):
                few.commit(removal.gone(few.items, named=run.dry_run), write=partial(removal.delete, rows.model))
    with run.step("runs") as step:
        others = subjects.runs_about(of_organization(doomed.code)).exclude(pk=run.id)
        for page in step.batches(erasure.pages(others)):
            page.commit(erasure.plan(page.items), write=erasure.erase)
    with run.step(ORGANIZATION) as step:
        step.commit(lambda: removal.gone([doomed], named=True), write=partial(removal.delete, Organization))
