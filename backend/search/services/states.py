"""How far an organization's tasks are in the index."""

from uuid import UUID

from django.db.models import F
from django.utils import timezone

from backend.search.models import SearchState, TaskChange
from backend.search.services import estimating
from backend.tracking.models import Organization, Task


def begin(code: str, run: UUID) -> None:
    """Note the newest task and what has changed when a run begins with an organization.

    Not when it continues, or in its parts: what is committed later is left for the next run, as this one may have
    passed it already.
    """
    unknown = {"model": "", "updated_at": timezone.now()}
    state, _ = SearchState.objects.get_or_create(organization=Organization.objects.get(code=code), defaults=unknown)
    if state.run != run:
        newest = Task.objects.order_by("-pk").values_list("pk", flat=True).first()
        TaskChange.objects.filter(project__organization__code=code).update(run=run)
        SearchState.objects.filter(pk=state.pk).update(run=run, newest_task=newest)


def note(code: str, model: str, run: UUID) -> None:
    """Note that all tasks of an organization, as they were at the beginning of the run, were looked at."""
    TaskChange.objects.filter(project__organization__code=code, run=run).delete()
    values = {"model": model, "updated_at": timezone.now(), "last_task": F("newest_task")}
    SearchState.objects.filter(organization__code=code).update(**values)


def note_backtest(code: str, model: str, *, is_changed: bool) -> None:
    """Note how good estimates of the organization's own finished tasks are, if tasks changed or nobody knows yet."""
    state = SearchState.objects.select_related("organization").get(organization__code=code)
    if is_changed or not state.backtest:
        state.backtest = estimating.backtest(state.organization, model)
        state.save(update_fields=["backtest"])
