from collections.abc import Iterator
from typing import Annotated, Self
from uuid import UUID

from django.db.models import QuerySet
from pydantic import AfterValidator, PositiveInt, model_validator

from backend.tracking.kernel import moments
from backend.tracking.kernel.rules import RuleError
from backend.tracking.models import WorkEntry
from backend.tracking.services import explaining
from backend.tracking.services.explaining import Explainer, UnknownEntryError
from tasks.tracking._subjects import of_organization
from upkeep.operations import Params, RunContext, operation

Moment = Annotated[str, AfterValidator(moments.checked)]
MAX_ENTRIES = 10_000
"""Explanations in one result, which is held in memory and recorded with the run."""


class ExplainWorkEntry(Params):
    id: UUID | None = None
    """Explain the work entry of this id."""
    username: str | None = None
    """Explain the most recent work entries of this user."""
    max_count: PositiveInt = 3
    """With --username: explain at most this many."""
    started_from: Moment | None = None
    """Only entries that were started at this date or time or later; naive times are in their organization's zone."""
    started_until: Moment | None = None
    """Only entries that were started at this time or earlier; of a date, the whole day."""

    @model_validator(mode="after")
    def _check_selection(self) -> Self:
        times = (self.started_from, self.started_until)
        if self.id is None and self.username is None and times == (None, None):
            raise ValueError(
                "which work entries? --id selects one, --username a user's most recent ones, "
                "--started-from and --started-until all in a period"
            )
        if self.id is not None and (self.username is not None or times != (None, None)):
            raise ValueError("--id selects one entry: it cannot be combined with --username or a time")
        if self.username is None and self.max_count != type(self).model_fields["max_count"].default:
            raise ValueError("--max-count requires --username")
        return self


@operation(
    "tracking.explain_work_entry",
    read_only=True,
    prints="result",
    errors=(UnknownEntryError, RuleError),
    examples=(
        ("--username demo-anna.wimmer --max-count 1", "Explain the latest work entry of a user."),
        ("--started-from 2026-11-01", "Explain all work entries since then."),
    ),
)
def explain_work_entry(params: ExplainWorkEntry, run: RunContext) -> None:
    """Explain why work entries were matched with a task, or not: as JSON.

    For each entry: the entry, its stored match, the rule that applies now and what it matched, and every rule that was
    tried before, in order, with the reason why it did not apply.
    """
    if params.username is not None:
        run.about(*map(of_organization, explaining.organizations_with(params.username)))
    entries, explainer, explanations = _selected(params), Explainer(), []
    most = min(params.max_count, MAX_ENTRIES) if params.username is not None else MAX_ENTRIES

    def pages(_after: object) -> Iterator[tuple[list[WorkEntry], None]]:
        return ((page, None) for page in explaining.pages(entries, most))

    for batch in run.batches(pages):
        run.about(*{of_organization(entry.tracker.project.organization.code) for entry in batch.items})
        explanations += explainer.explained(batch.items)
    left_out = entries.count() - len(explanations) if len(explanations) == MAX_ENTRIES else 0
    if left_out:
        run.log(f"{left_out:,} more entries are left out: explain a shorter time")
    run.report(f"{len(explanations):,} work entries explained", entries=explanations, left_out=left_out)


def _selected(params: ExplainWorkEntry) -> QuerySet[WorkEntry]:
    if params.id is not None:
        return explaining.entry(params.id)
    found = WorkEntry.objects.filter(explaining.started(params.started_from, params.started_until))
    return found if params.username is None else found.filter(explaining.of_user(params.username))
