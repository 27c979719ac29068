"""Whether the index says what there is now."""

from collections.abc import Sequence
from uuid import UUID

from backend.search.models import SearchState, TaskChange, TaskVector
from backend.search.services.access import Access
from backend.tracking.models import Organization, Task


class NotBuiltError(Exception):
    """There is no index to search; the message names the command that makes it."""


def stale(access: Access, model: str) -> list[str]:
    """The codes of those organizations with tasks that the index does not have as they are now.

    They are new, or changed; or another model has embedded them, or none.

    Raises:
        NotBuiltError: the index has none of their tasks.
    """
    states = {state.organization_id: state for state in SearchState.objects.filter(model=model)}
    found = [
        each.code for each in access.organizations if _has_changed(each) or _lacks_tasks(each, states.get(each.pk))
    ]
    if found and not is_built(access, model):
        raise NotBuiltError(_not_built(access, model))
    return found


def is_built(access: Access, model: str) -> bool:
    """Whether there are vectors of the model."""
    return TaskVector.objects.filter(project__in=_keys(access), model=model).exists()


def command(codes: Sequence[str]) -> str:
    """What brings the index of these organizations up to date."""
    return f"`update_search {codes[0]}`" if len(codes) == 1 else "`update_search`"


def _has_changed(organization: Organization) -> bool:
    return TaskChange.objects.filter(project__organization=organization).exists()


def _lacks_tasks(organization: Organization, state: SearchState | None) -> bool:
    tasks = Task.objects.filter(tracker__project__organization=organization)
    if state and state.last_task:
        tasks = tasks.filter(pk__gt=state.last_task)
    return tasks.exists()


def _not_built(access: Access, model: str) -> str:
    codes = [each.code for each in access.organizations]
    of = f"of {codes[0]}" if len(codes) == 1 else "of similar tasks"
    other = TaskVector.objects.filter(project__in=_keys(access)).values_list("model", flat=True).first()
    if other:
        return f"the index {of} was made with {other}, and the settings name {model}: run {command(codes)}"
    return f"the index {of} is not built yet: run {command(codes)}"


def _keys(access: Access) -> list[UUID]:
    return [project.pk for project in access.projects]
