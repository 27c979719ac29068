"""update_search beside the bare embedder, COPY and CREATE INDEX; and searches beside a comparison of all vectors."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from statistics import fmean, median, quantiles
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from backend.search import embedders
from backend.search.kernel.text import cleaned
from backend.search.models import TaskVector
from backend.search.services import index, vectors
from backend.search.services.index import Scope
from backend.tracking.models import Organization, Project, Task, Tracker
from tasks.search.update_search import UpdateSearch, update_search
from tests import search_pairs
from tests.benchmarks import child, work
from tests.benchmarks.pairs import seconds
from tests.benchmarks.report import Row, at_least, at_most
from tests.benchmarks.titles import titles
from upkeep.operations.runner import execute

PARAMS = UpdateSearch(organization=work.CODE)
SHARES = {"rest": 0.899, "tenth": 0.1, "thousandth": 0.001}
"""Projects, and which part of the tasks each has."""
NEIGHBOURS = 10
CHUNK = 20_000
MAX_EMBEDDED = 100_000
"""Titles that are embedded: to embed a million takes half an hour."""
VARIATION = 0.3
"""Of the difference of two titles, that is added to a third's vector. A vector's neighbours are then a little farther
away than those of a title that was embedded: the tenth is 0.70 similar instead of 0.78, so they are harder to find.
"""

TASKS = """
    INSERT INTO tracking_task (id, tracker_id, external_id, code, title, description, url, state, closed_at)
    SELECT lpad(to_hex(%(first)s + n), 32, '0')::uuid, %(tracker)s, %(first)s + n, '#' || %(first)s + n,
           title.text || ' ' || n, CASE WHEN mod(n, 5) = 0 THEN other.text ELSE '' END, '', '', now()
    FROM generate_series(1, %(number)s::bigint) n
    JOIN unnest(%(titles)s::text[]) WITH ORDINALITY AS title (text, place)
      ON title.place = 1 + mod(n * 7919, cardinality(%(titles)s::text[]))
    JOIN unnest(%(titles)s::text[]) WITH ORDINALITY AS other (text, place)
      ON other.place = 1 + mod(n * 104729, cardinality(%(titles)s::text[]))
"""

COMPARED = """
    SELECT task_id, 1 - (vector <=> %(vector)s::halfvec) FROM search_taskvector WHERE {where}
    ORDER BY vector <=> %(vector)s::halfvec LIMIT %(limit)s
"""


def speed(*, quick: bool) -> Iterator[Row]:
    """The first time, and again."""
    number = 20_000 if quick else 100_000
    fill({"app": number})
    bare = _bare()
    _empty()
    ours = seconds(lambda: execute(update_search, PARAMS))
    assert TaskVector.objects.count() == number
    beside = f"the bare embedder, COPY and CREATE INDEX, {number:,} tasks, one process each"
    yield Row(
        "update_search", beside, ours / bare, goal=at_most(1.3), ours=f"{ours:.0f} s", other=f"{bare:.0f} s"
    )  # fmt: skip
    again = seconds(lambda: execute(update_search, PARAMS))
    yield Row(
        "update_search again: nothing to embed", "the first time",
        ours / again, goal=at_least(20), ours=f"{again:.1f} s", other=f"{ours:.0f} s",
    )  # fmt: skip


def memory(*, quick: bool) -> Iterator[Row]:
    """Of the command, the first time."""
    number = 5_000 if quick else 100_000
    fill({"app": number})
    ended = child.manage("update_search", work.CODE, "--json")
    yield Row(
        "manage.py update_search",
        f"{number:,} tasks",
        ended.megabytes,
        "MB",
        at_most(400),
        ours=f"{ended.seconds:.0f} s",
    )


def searches(*, quick: bool) -> Iterator[Row]:
    """Of the vectors of real titles, varied to a million."""
    number = 50_000 if quick else 1_000_000
    fill({code: int(number * share) for code, share in SHARES.items()})
    queries = _fill_vectors()
    embedder = embedders.current()
    took = seconds(lambda: index.settle(embedder.name, embedder.dimensions, is_changed=True))
    yield Row("making the HNSW index", f"{number:,} vectors", took, "s")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM search_taskvector")
    everything = Scope(embedder.name)
    scan = median(seconds(partial(_compared, query, everything)) for query in queries[:5])
    projects = dict(Project.objects.values_list("code", "pk"))
    for told, code, goal in (("all", "", 50), ("0.1 % of them", "thousandth", 50), ("10 % of them", "tenth", 10)):
        scope = Scope(embedder.name, [projects[code]]) if code else everything
        for query in queries:  # warm
            index.nearest(query, scope, NEIGHBOURS)
        times = [seconds(partial(index.nearest, query, scope, NEIGHBOURS)) for query in queries]
        p95 = quantiles(times, n=20)[-1]
        yield Row(
            f"p95 of a search in {told}", f"the comparison of all {number:,} vectors",
            scan / p95, goal=at_least(goal), ours=f"{p95 * 1000:.1f} ms", other=f"{scan * 1000:.0f} ms",
        )  # fmt: skip
        recall = fmean(_recall(query, scope) for query in queries[:: 1 if quick else 5])
        yield Row(f"recall@{NEIGHBOURS} in {told}", "the comparison of all", recall, goal=at_least(0.95))


def fill(numbers: dict[str, int]) -> None:
    """Let there be one organization with this many finished tasks in projects of these codes, none in the index."""
    work.empty()
    _empty()
    organization = Organization.objects.create(code=work.CODE, name="Bench")
    first = 0
    for code, number in numbers.items():
        project = Project.objects.create(organization=organization, code=code, name=code)
        tracker = Tracker.objects.create(project=project, name="tasks")
        with connection.cursor() as cursor:
            cursor.execute(
                TASKS, {"first": first, "number": number, "tracker": tracker.pk, "titles": titles(MAX_EMBEDDED)}
            )
        first += number
    work.settle()


def _empty() -> None:
    name = index.index_name(embedders.current().name)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {name}; TRUNCATE search_taskvector")


def _bare() -> float:
    """Seconds of nothing but the embedder, COPY and CREATE INDEX."""
    embedder = embedders.current()
    tasks = list(Task.objects.select_related("tracker"))
    texts = [cleaned(task.title, task.description) for task in tasks]
    found: list[Any] = []
    took = seconds(lambda: found.extend(embedder.embed(texts)))
    rows = [
        (task.pk, task.tracker.project_id, True, embedder.name, task.pk, vector)
        for task, vector in zip(tasks, found, strict=True)
    ]
    took += seconds(lambda: _copy(rows))
    return took + seconds(lambda: index.settle(embedder.name, embedder.dimensions, is_changed=False))


def _copy(rows: Iterable[Sequence[Any]]) -> None:
    connection.ensure_connection()
    register_vector(connection.connection)
    with connection.cursor() as cursor, cursor.copy(vectors.COPY) as copy:
        copy.set_types(vectors.TYPES)
        for *columns, vector in rows:
            copy.write_row((*columns, HalfVector(vector)))


def _fill_vectors() -> list[NDArray[np.float32]]:
    """Let every task have a vector. Returns those of queries."""
    embedder, random = embedders.current(), np.random.default_rng(1)
    rows = list(Task.objects.order_by("pk").values_list("pk", "tracker__project"))
    real = embedder.embed([cleaned(title) for title in titles(min(MAX_EMBEDDED, len(rows)))])
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        one, two, three = (real[random.integers(len(real), size=len(chunk))] for _ in range(3))
        varied = one + np.float32(VARIATION) * (two - three)
        varied /= np.linalg.norm(varied, axis=1, keepdims=True)
        _copy(
            (pk, project, True, embedder.name, pk, vector) for (pk, project), vector in zip(chunk, varied, strict=True)
        )
    return list(embedder.embed([cleaned(pair.query) for pair in search_pairs.pairs()[::2]]))


def _compared(query: NDArray[np.float32], scope: Scope) -> list[Any]:
    params = {**scope.params, "vector": str(query.tolist()), "limit": NEIGHBOURS}
    with connection.cursor() as cursor:
        cursor.execute(COMPARED.format(where=scope.where), params)
        return list(cursor.fetchall())


def _recall(query: NDArray[np.float32], scope: Scope) -> float:
    """Which part of the true nearest is found; others that are as near count."""
    least = _compared(query, scope)[-1][1] - 1e-6
    near = index.nearest(query, scope, NEIGHBOURS)
    return sum(bool(found.similarity >= least) for found in near) / NEIGHBOURS
