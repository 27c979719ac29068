"""The tasks most similar to a description."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection

from backend.search import embedders
from backend.search.kernel import wording
from backend.search.kernel.text import cleaned
from backend.search.services import details, freshness, index, named
from backend.search.services.access import Access
from backend.search.services.details import Details
from backend.search.services.index import Scope
from backend.tracking.kernel.names import addresses
from upkeep.validation import shortened

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_LETTERS = 2
CANDIDATES = 60
"""Of the nearest in meaning, whose letters are then compared, too."""
LETTERS = 0.15
"""The share that similar letters add to a similarity of meaning; measured, as docs/decisions.md says."""
SIMILARITY = """
    SELECT task_id, 1 - (vector <=> %s::halfvec) FROM search_taskvector WHERE task_id = ANY(%s) AND model = %s
"""


class QueryError(Exception):
    """A description that nothing can be similar to; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Match:
    """A task that was found."""

    task: Details
    similarity: float
    """Of meaning, from 0 to 1; 1 for a task whose code or address was given."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    matches: list[Match]
    """The best first."""
    model: str
    stale: list[str]
    """The codes of organizations that the index does not know as they are now."""


def find(text: str, access: Access, *, finished_only: bool, limit: int) -> Found:
    """The tasks most similar to a text.

    First those whose code or address is in it; then those whose title holds all of it, when it is no more than a name;
    then by meaning, to which similar letters add a little.

    Raises:
        QueryError: it says nothing.
        NotBuiltError: there is no index.
        EmbedderError: the embedder cannot be used.
    """
    embedder = embedders.current()
    allowed = details.tasks(access.projects, finished_only=finished_only)
    exact = named.exactly(allowed, text)
    meaning = cleaned(text)
    says_little = sum(map(str.isalnum, meaning)) < MIN_LETTERS
    titled = [] if says_little else named.by_name(allowed, text)
    if not exact and (says_little or (wording.is_code(text) and not titled)):
        raise QueryError(_unanswerable(text, finished_only=finished_only))
    stale = freshness.stale(access, embedder.name)
    similarity: dict[UUID, float] = {}
    if meaning:
        [vector] = embedder.embed([meaning])
        scope = Scope(
            embedder.name, [each.pk for each in access.projects] if access.is_limited else None, finished_only
        )
        similarity = {each.task: each.similarity for each in index.nearest(vector, scope, max(CANDIDATES, 4 * limit))}
        similarity |= _similarities(vector, {*exact, *titled} - similarity.keys(), embedder.name)
    similarity |= dict.fromkeys(exact, 1.0)
    tasks = details.of(allowed, {*similarity, *titled})
    matches = _ranked(text, tasks, similarity, exact, titled)[:limit]
    return Found(matches, embedder.name, stale)


def _unanswerable(text: str, *, finished_only: bool) -> str:
    if wording.codes(text) or addresses(text):
        open_ones = " --open searches open tasks, too;" if finished_only else ""
        return (
            f"no task that may be found has the code or address {shortened(text.strip())}, or names it:{open_ones} "
            "or describe the task in some words"
        )
    return f"{shortened(text.strip())} says too little to be similar to anything: describe the task in some words"


def _ranked(
    text: str,
    tasks: dict[UUID, Details],
    similarity: dict[UUID, float],
    exact: Collection[UUID],
    titled: Collection[UUID],
) -> list[Match]:
    letters = wording.similarities(text, [task.title for task in tasks.values()])
    scored = []
    for (key, task), alike in zip(tasks.items(), letters, strict=True):
        meant = min(1.0, max(0.0, similarity.get(key, 0.0)))
        scored.append((key in exact, key in titled, meant + LETTERS * alike, Match(task, round(meant, 3))))
    return [match for *_, match in sorted(scored, key=lambda each: each[:3], reverse=True)]


def _similarities(vector: "NDArray[np.float32]", keys: Collection[UUID], model: str) -> dict[UUID, Any]:
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(SIMILARITY, [str(vector.tolist()), list(keys), model])
        return dict(cursor.fetchall())
