from functools import partial
from typing import Annotated

from django.db.models import Q, QuerySet

from backend.operations import erasure
from backend.operations.context import RunContext
from backend.operations.declaration import operation
from backend.operations.models import Run
from backend.operations.params import Params, Positional
from backend.operations.states import Status
from backend.tracking.models import Organization
from backend.tracking.services import removal
from backend.tracking.services.lookup import UnknownCodeError, organization
from tasks.tracking.explain_work_entry import explain_work_entry
from tasks.tracking.make_demo_organization import make_demo_organization

ORGANIZATION = "organization"


class RemoveOrganization(Params):
    organization: Annotated[str, Positional()]
    """The organization's code."""


@operation(
    "tracking.remove_organization",
    exclusive=lambda params: f"organization:{params.organization}",
    confirm=lambda params: params.organization,
    errors=(UnknownCodeError,),
)
def remove_organization(params: RemoveOrganization, run: RunContext) -> None:
    """Remove an organization and all data related to it, also its runs' parameters, changes and logs.

    Its members stay, but for the users of a demo organization who are members nowhere else. Answers of its trackers may
    be in the download cache, which clear_caches empties.
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
        for page in step.batches(erasure.pages(_runs(doomed.code))):
            page.commit(erasure.plan(page.items), write=erasure.forget)
    with run.step(ORGANIZATION) as step:
        step.commit(lambda: removal.gone([doomed], named=True), write=partial(removal.delete, Organization))


def _runs(code: str) -> QuerySet[Run]:
    """Whose params name the organization, or whose result does; but not the one that removes it."""
    made = Q(operation=make_demo_organization.name, params__code=code)
    explained = Q(operation=explain_work_entry.name, result__entries__contains=[{"entry": {"organization": code}}])
    named = Run.objects.filter(Q(params__organization=code) | Q(result__organization=code) | made | explained)
    return named.exclude(operation=remove_organization.name, status=Status.RUNNING)
