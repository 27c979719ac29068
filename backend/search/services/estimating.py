"""Estimates of tasks from the work that similar finished ones took, and how good such estimates are."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import MD5, Cast

from backend.search import embedders
from backend.search.kernel import estimates
from backend.search.kernel.estimates import MIN_EVIDENCE, MIN_SIMILARITY, Hours
from backend.search.kernel.text import cleaned
from backend.search.models import SearchState, TaskVector
from backend.search.services import access, details, freshness, index, named
from backend.search.services.details import Details
from backend.search.services.index import Neighbour, Scope
from backend.search.services.similar import QueryError
from backend.tracking.models import Organization, Project, Task
from backend.tracking.services import lookup
from backend.tracking.services.lookup import UnknownCodeError

if TYPE_CHECKING:  # numpy is loaded by what embeds, and by nothing else
    import numpy as np
    from numpy.typing import NDArray

SAMPLE = 300
"""Finished tasks of an organization that a backtest estimates."""
LOOKED_AT = 5
"""Times the wanted number of similar tasks, since not all of them have work."""


class SharedCodeError(Exception):
    """Several projects have a task of this code."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A task that an estimate rests on."""

    task: Details
    similarity: float
    weight: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is said of a task."""

    task: Task
    hours: Hours | None
    """None: there is too little evidence."""
    evidence: list[Evidence]
    """The most similar first."""
    people: list[dict[str, Any]]
    backtest: dict[str, float]
    """Empty: there was none."""
    model: str
    stale: bool


def target(code: str, organization_code: str, project_code: str | None) -> Task:
    """The task that is meant. Raises UnknownCodeError and SharedCodeError."""
    projects = lookup.projects(organization_code, project_code)
    found = named.with_code(code, projects)
    if not found:
        known = named.codes_like(code, projects)
        where = f" in organization {organization_code!r}" if project_code is None else f" in project {project_code!r}"
        raise UnknownCodeError(lookup.unknown("task", code, known, where=where))
    if len(found) > 1:
        names = ", ".join(task.tracker.project.code for task in found)
        raise SharedCodeError(
            f"several projects have a task {code!r}: {names}; name one: "
            f"`estimate_task {code!r} {organization_code} {found[0].tracker.project.code}`"
        )
    return found[0]


def estimate(task: Task, *, limit: int) -> Estimate:
    """An estimate from the finished tasks of its organization that are most similar and have work; at most `limit`.

    Raises:
        QueryError: it has no text.
        NotBuiltError: there is no index.
        EmbedderError: the embedder cannot be used.
    """
    embedder = embedders.current()
    owner = task.tracker.project.organization
    allowed = access.of(None, owner.code)
    stale = freshness.stale(allowed, embedder.name)
    text = cleaned(task.title, task.description)
    if not text:
        raise QueryError(f"task {task.code!r} has neither a title nor a description to compare")
    [vector] = embedder.embed([text])
    found = _similar(task.pk, vector, embedder.name, allowed.projects, limit * LOOKED_AT)
    tasks = details.of(details.tasks(allowed.projects, finished_only=True), [each.task for each in found])
    chosen = [each for each in found if each.task in tasks and tasks[each.task].worked_hours > 0][:limit]
    hours = [tasks[each.task].worked_hours for each in chosen]
    similarities = [each.similarity for each in chosen]
    weights = estimates.weights(similarities)
    return Estimate(
        task,
        estimates.estimated(hours, similarities),
        [Evidence(tasks[each.task], each.similarity, weight) for each, weight in zip(chosen, weights, strict=True)],
        details.people([each.task for each in chosen]),
        SearchState.objects.filter(organization=owner, model=embedder.name).values_list("backtest", flat=True).first()
        or {},
        embedder.name,
        bool(stale),
    )


def backtest(owner: Organization, model: str, *, evidence: int = 10) -> dict[str, float]:
    """How far estimates of its own finished tasks were off, each made without that task; empty when there are too few.

    Of a sample, the same one as long as its tasks are the same.
    """
    import numpy as np  # noqa: PLC0415 - only for those who embed

    projects = list(Project.objects.filter(organization=owner))
    finished = details.tasks(projects, finished_only=True)
    hours = {key: worked for key, worked in details.worked_hours_of(finished).items() if worked > 0}
    vectors = (
        TaskVector.objects.filter(project__in=projects, model=model, task__in=hours)
        .annotate(chance=MD5(Cast("task_id", TextField())))
        .order_by("chance")[:SAMPLE]
    )
    actual, guesses, plain = [], [], []
    ordered = sorted(hours.values())
    for row in vectors:
        similar = _similar(row.task_id, np.asarray(row.vector, np.float32), model, projects, evidence * LOOKED_AT)
        chosen = [each for each in similar if each.task in hours][:evidence]
        guess = estimates.estimated([hours[each.task] for each in chosen], [each.similarity for each in chosen])
        if guess:
            actual.append(hours[row.task_id])
            guesses.append(guess.median)
            plain.append(_median_without(ordered, hours[row.task_id]))
    return estimates.backtest(actual, guesses, plain) if len(actual) >= MIN_EVIDENCE else {}


def _similar(
    task: UUID, vector: "NDArray[np.float32]", model: str, projects: Sequence[Project], limit: int
) -> list[Neighbour]:
    """Finished tasks that are similar enough to say something, but not the task itself."""
    found = index.nearest(vector, Scope(model, [project.pk for project in projects]), limit + 1)
    others = [each for each in found if each.task != task and each.similarity >= MIN_SIMILARITY]
    return sorted(others, key=lambda each: (-each.similarity, each.task))


def _median_without(ordered: Sequence[float], value: float) -> float:
    place, last = bisect_left(ordered, value), len(ordered) - 2
    low, high = (ordered[middle + (middle >= place)] for middle in (last // 2, (last + 1) // 2))
    return (low + high) / 2
