"""The index over all vectors of a model, and what is nearest in it.

Few vectors are compared one by one, by the B-tree of what a search is limited to: exact, and faster than any other way.
Many are searched by HNSW, which finds nearly all of the nearest. There is one HNSW index a model, so that vectors of
different models, which may have different dimensions, never meet.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction

from backend.search.models import TaskVector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_EXACT = 10_000
"""Vectors that are compared one by one."""
MAX_HNSW_DIMENSIONS = 4_000
"""pgvector's limit for half-precision vectors; longer ones are always compared one by one."""
CANDIDATES = 400
"""Of the nearest that HNSW is to find before it looks no further; more are slower, and miss less."""
MARGIN = 10
"""Times the wanted number that are taken, since HNSW does not give them in their order under a filter."""
BUILD_BYTES = 1_000
"""Of a vector in an index that is being made, beside its numbers. What does not fit is made many times more slowly."""

PREFIX = "search_taskvector_hnsw_"
FOUND = "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'search_taskvector'::regclass AND indisvalid"
ALONE = "SELECT pg_advisory_xact_lock(hashtext('search'), hashtext('index'))"
CREATE = """
    CREATE INDEX {name} ON search_taskvector USING hnsw ((vector::halfvec({dimensions})) halfvec_cosine_ops)
    WHERE model = %s
"""
MEMORY = """
    SELECT set_config('maintenance_work_mem', greatest(
        pg_size_bytes(current_setting('maintenance_work_mem')) / 1024,
        least(%s / 1024, pg_size_bytes(current_setting('effective_cache_size')) / 2048)
    ) || 'kB', true)
"""
"""What is wanted, up to half of the memory that the server is said to have; or its own figure, if that is greater."""
NUMBER = "SELECT count(*) FROM (SELECT FROM search_taskvector WHERE {where} LIMIT %(most)s) AS found"
EXACT = """
    SELECT task_id, 1 - (vector <=> %(vector)s::halfvec) FROM search_taskvector WHERE {where}
    ORDER BY vector <=> %(vector)s::halfvec LIMIT %(limit)s
"""
"""Without the cast of the index's expression: PostgreSQL has no other way than to compare all."""
NEAREST = """
    SELECT task_id, 1 - (vector::halfvec({dimensions}) <=> %(vector)s::halfvec({dimensions}))
    FROM search_taskvector WHERE {where}
    ORDER BY vector::halfvec({dimensions}) <=> %(vector)s::halfvec({dimensions}) LIMIT %(limit)s
"""
TUNED = "SELECT set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', 'relaxed_order', true)"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A task that was found."""

    task: UUID
    similarity: float
    """The cosine, from -1 to 1."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is searched."""

    model: str
    projects: Collection[UUID] | None = None
    """None: all."""
    finished_only: bool = True

    @property
    def where(self) -> str:
        """SQL, for `params`."""
        parts = ["model = %(model)s"]
        parts += ["project_id = ANY(%(projects)s)"] if self.projects is not None else []
        return " AND ".join([*parts, "is_finished"] if self.finished_only else parts)

    @property
    def params(self) -> dict[str, Any]:
        """For `where`."""
        return {"model": self.model, "projects": list(self.projects or ())}


def nearest(vector: "NDArray[np.float32]", scope: Scope, limit: int) -> list[Neighbour]:
    """The tasks most similar to a vector of the scope's model, the most similar first; at most `limit`."""
    dimensions = len(vector)
    params = {**scope.params, "vector": str(vector.tolist()), "limit": limit}
    with transaction.atomic(), connection.cursor() as cursor:
        rows: list[Any] = []
        if dimensions <= MAX_HNSW_DIMENSIONS and not _is_narrow(scope):
            cursor.execute(TUNED, [str(CANDIDATES)])
            statement = NEAREST.format(where=scope.where, dimensions=dimensions)
            cursor.execute(statement, {**params, "limit": limit * MARGIN})
            rows = cursor.fetchall()
        if len(rows) < limit:
            cursor.execute(EXACT.format(where=scope.where), params)
            rows = cursor.fetchall()
    found = sorted((Neighbour(*row) for row in rows), key=lambda each: -each.similarity)
    return found[:limit]


def settle(model: str, dimensions: int, *, is_changed: bool) -> None:
    """Let searches find the model's vectors fast: make the index when there are many, and count them when they changed.

    While an index is made, which is once a model, others who write vectors wait; nobody waits who searches.
    It goes when its model has no vectors any more.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ALONE)
        cursor.execute(FOUND)
        present = {name for (name,) in cursor.fetchall() if name.startswith(PREFIX)}
        if others := present - {index_name(model)}:
            for former in others - set(map(index_name, _models())):
                cursor.execute(f"DROP INDEX {former}")
        if index_name(model) not in present and dimensions <= MAX_HNSW_DIMENSIONS and _is_large(model):
            cursor.execute(MEMORY, [_bytes(model, dimensions)])
            cursor.execute(CREATE.format(name=index_name(model), dimensions=dimensions), [model])
    if is_changed:  # without figures PostgreSQL takes the index also where a search is limited to a few vectors
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE search_taskvector")


def index_name(model: str) -> str:
    """Of the HNSW index of a model."""
    return PREFIX + sha256(model.encode()).hexdigest()[:16]


def _is_narrow(scope: Scope) -> bool:
    """Whether so few are searched that to compare them is best. Of all vectors, that is so while there is no index."""
    if scope.projects is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(NUMBER.format(where=scope.where), {**scope.params, "most": MAX_EXACT + 1})
        return bool(cursor.fetchone() != (MAX_EXACT + 1,))


def _models() -> set[str]:
    return set(TaskVector.objects.order_by().values_list("model", flat=True).distinct())


def _is_large(model: str) -> bool:
    return TaskVector.objects.filter(model=model).order_by()[: MAX_EXACT + 1].count() > MAX_EXACT


def _bytes(model: str, dimensions: int) -> int:
    """How much making its index wants: all of that is taken from the start, so no more than it needs."""
    return TaskVector.objects.filter(model=model).count() * (2 * dimensions + BUILD_BYTES)
