"""The index over all vectors of a model, and what is nearest in it.

All tasks, and large parts of them, are searched by HNSW, which finds nearly all of the nearest. There is one HNSW index
a model, so that vectors of different models, which may have different dimensions, never meet.

Where a search is limited to fewer, HNSW would have to pass by most of what it finds. There the signs of all vectors are
read: a bit for each number; in how many two vectors differ is nearly how far apart they are. That is cheap, as they are
in the B-tree of what a search is limited to; then the best vectors are compared. Of a few thousand tasks, all are.
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

MIN_HNSW = 10_000
"""Vectors of a model from which on it has an HNSW index."""
MAX_HNSW_DIMENSIONS = 4_000
"""pgvector's limit for half-precision vectors."""
EFFORT = 300
"""Of the nearest that HNSW keeps in mind while it looks for nearer ones; more are slower, and miss less."""
BUILD_BYTES = 1_000
"""Of a vector in an index that is being made, beside its numbers. What does not fit is made many times more slowly."""
MAX_SCANNED = 200_000
"""Tasks whose signs are read at most, where a search is limited to some projects."""
MAX_EXACT = 5_000
"""Tasks whose vectors are all compared, where a search is limited to some projects."""
CANDIDATES = 600
"""Tasks with the nearest signs whose vectors are compared."""

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
ESTIMATED = "EXPLAIN (FORMAT JSON) SELECT FROM search_taskvector WHERE {where}"
BY_HNSW = """
    SELECT task_id, 1 - (vector::halfvec({dimensions}) <=> %(vector)s::halfvec({dimensions}))
    FROM search_taskvector WHERE {where}
    ORDER BY vector::halfvec({dimensions}) <=> %(vector)s::halfvec({dimensions}) LIMIT %(limit)s
"""
TUNED = f"SET LOCAL hnsw.ef_search = {EFFORT}; SET LOCAL hnsw.iterative_scan = relaxed_order"
"""Under a filter HNSW continues until it has as many as are wanted."""
BY_SIGNS = """
    WITH candidate AS MATERIALIZED (
        SELECT task_id FROM search_taskvector WHERE {where}
        ORDER BY signs <~> binary_quantize(%(vector)s::halfvec) LIMIT %(candidates)s)
    SELECT task_id, 1 - (vector <=> %(vector)s::halfvec) AS similarity
    FROM search_taskvector JOIN candidate USING (task_id) ORDER BY similarity DESC LIMIT %(limit)s
"""


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
    params = {**scope.params, "vector": str(vector.tolist()), "limit": limit}
    number = _number(scope)
    with transaction.atomic(), connection.cursor() as cursor:
        rows: list[Any] = []
        if number > MAX_SCANNED and len(vector) <= MAX_HNSW_DIMENSIONS:
            cursor.execute(TUNED)
            cursor.execute(BY_HNSW.format(where=scope.where, dimensions=len(vector)), params)
            rows = cursor.fetchall()
        if len(rows) < limit:
            candidates = max(limit, MAX_EXACT if number <= MAX_EXACT else CANDIDATES)
            cursor.execute(BY_SIGNS.format(where=scope.where), {**params, "candidates": candidates})
            rows = cursor.fetchall()
    return sorted((Neighbour(*row) for row in rows), key=lambda each: -each.similarity)


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


def _number(scope: Scope) -> int:
    """About how many tasks are searched, as PostgreSQL estimates it; all that there are count as more than MAX_SCANNED.

    To count them takes half as long as to search them. A wrong estimate leads to a slower search, not to a wrong one.
    """
    if scope.projects is None:
        return MAX_SCANNED + 1
    with connection.cursor() as cursor:
        cursor.execute(ESTIMATED.format(where=scope.where), scope.params)
        [[[found]]] = cursor.fetchall()
    return int(found["Plan"]["Plan Rows"])


def _models() -> set[str]:
    return set(TaskVector.objects.order_by().values_list("model", flat=True).distinct())


def _is_large(model: str) -> bool:
    return TaskVector.objects.filter(model=model).order_by()[:MIN_HNSW].count() == MIN_HNSW


def _bytes(model: str, dimensions: int) -> int:
    """How much making its index wants: all of that is taken from the start, so no more than it needs."""
    return TaskVector.objects.filter(model=model).count() * (2 * dimensions + BUILD_BYTES)
