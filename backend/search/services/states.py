"""How far an organization's tasks are in the index."""

from uuid import UUID

from django.utils import timezone

from backend.search.models import SearchState
from backend.search.services import estimating
from backend.tracking.models import Organization, Task


def newest_task() -> UUID | None:
    """The id of the newest task of all: those that come later have greater ones."""
    return Task.objects.order_by("-pk").values_list("pk", flat=True).first()


def note(code: str, model: str, newest: UUID | None) -> None:
    """Note that all tasks of an organization up to `newest` were looked at."""
    values = {"model": model, "updated_at": timezone.now(), "last_task": newest}
    SearchState.objects.update_or_create(organization=Organization.objects.get(code=code), defaults=values)


def note_backtest(code: str, model: str, *, is_changed: bool) -> None:
    """Note how good estimates of the organization's own finished tasks are, if tasks changed or nobody knows yet."""
    state = SearchState.objects.select_related("organization").get(organization__code=code)
    if is_changed or not state.backtest:
        state.backtest = estimating.backtest(state.organization, model)
        state.save(update_fields=["backtest"])
