"""The vectors of tasks: which are missing or outdated, and how new ones are written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, UUIDField
from django.db.models.functions import Left
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from backend.search.embedders.embedder import Embedder
from backend.search.kernel.text import CLEANING, MAX_CHARACTERS, cleaned
from backend.search.models import TaskVector
from backend.tracking.models import Project, Task
from upkeep.operations.plans import Change

NO_TEXT = "no_text"
MAX_LABEL = 100
COLUMNS = ("task_id", "project_id", "is_finished", "model", "content_hash", "vector")
TYPES = ("uuid", "uuid", "bool", "text", "uuid", "halfvec")
COPY = f"COPY search_taskvector ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"
LOCK = "SELECT id FROM tracking_task WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE"
DELETE = "DELETE FROM search_taskvector WHERE task_id = ANY(%s)"
REFILE = """
    UPDATE search_taskvector AS vector SET project_id = now.project_id, is_finished = now.is_finished
    FROM (SELECT task.id, tracker.project_id, task.closed_at IS NOT NULL AND task.moved_to = '' AS is_finished
            FROM tracking_task AS task JOIN tracking_tracker AS tracker ON tracker.id = task.tracker_id
           WHERE tracker.project_id = ANY(%s)) AS now
    WHERE vector.task_id = now.id
      AND (vector.project_id, vector.is_finished) IS DISTINCT FROM (now.project_id, now.is_finished)
"""
IS_FINISHED = Q(closed_at__isnull=False, moved_to="")
Row = Mapping[str, Any]
"""What `outdated` gives."""


class ContentHash(Func):
    """The hash of the texts that a vector is made of, and of the way in which they are cleaned."""

    template = f"md5('{CLEANING}' || chr(10) || %(expressions)s)::uuid"
    arg_joiner = " || chr(10) || "
    output_field = UUIDField()


def tasks(projects: Iterable[Project]) -> "QuerySet[Task]":
    """All tasks of these projects."""
    return Task.objects.filter(tracker__project__in=[project.pk for project in projects])


def indexed(projects: Iterable[Project]) -> "QuerySet[TaskVector]":
    """The vectors of these projects."""
    return TaskVector.objects.filter(project__in=[project.pk for project in projects])


def outdated(projects: Iterable[Project], model: str, *, full: bool = False) -> "QuerySet[Any, Row]":
    """Tasks whose text the model has not embedded as it is now; with `full`, all tasks."""
    vectors = TaskVector.objects.filter(task=OuterRef("pk"))
    found = tasks(projects).annotate(content_hash=ContentHash("title", "description"))
    if not full:
        found = found.exclude(Exists(vectors.filter(model=model, content_hash=OuterRef("content_hash"))))
    return found.values(
        "pk", "code", "title", "content_hash",
        beginning=Left("description", MAX_CHARACTERS), project=F("tracker__project"), is_finished=IS_FINISHED,
        is_indexed=Exists(vectors),
    )  # fmt: skip


def plan(rows: Iterable[Row]) -> Iterator[Change]:
    """What becomes of each of these tasks. The vector of one that has no text any more goes."""
    for row in rows:
        label = f"{row['code']} {row['title']}"[:MAX_LABEL]
        text, key = cleaned(row["title"], row["beginning"]), str(row["pk"])
        if text:
            yield Change("updated" if row["is_indexed"] else "created", key, label, payload=(row, text))
        else:
            yield Change("skipped", key, label, reason=NO_TEXT, payload=(row, "") if row["is_indexed"] else None)


class Embedding:
    """Vectors of one model, made and written."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def prepare(self, changes: Sequence[Change]) -> list[Change]:
        """Embed the texts of a plan: outside the transaction in which `write` is called. Raises EmbedderError."""
        texts = [text for _, text in (change.payload for change in changes) if text]
        vectors = iter(self._embedder.embed(texts))
        return [
            change._replace(payload=(row, next(vectors) if text else None))
            for change, (row, text) in ((change, change.payload) for change in changes)
        ]

    def write(self, changes: Sequence[Change]) -> None:
        """Put these vectors in the place of those that there are; of tasks that are gone by now, there is none."""
        rows = {row["pk"]: (row, vector) for row, vector in (change.payload for change in changes)}
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [list(rows)])
            present = [rows[pk] for (pk,) in cursor.fetchall()]
            cursor.execute(DELETE, [list(rows)])
            _register(cursor.connection)
        # Another cursor, since one knows the types that its connection knew when it was made.
        with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.set_types(TYPES)
            for row, vector in present:
                if vector is not None:
                    copy.write_row(self._stored(row, vector))

    def _stored(self, row: Row, vector: Any) -> tuple[Any, ...]:
        model, half = self._embedder.name, HalfVector(vector)
        return row["pk"], row["project"], row["is_finished"], model, row["content_hash"], half


def refile(projects: Iterable[Project]) -> int:
    """Note which tasks were finished, reopened or moved to another project since; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(REFILE, [[project.pk for project in projects]])
        return int(cursor.rowcount)


def _register(psycopg_connection: Any) -> None:
    """Let the connection know pgvector's types, once."""
    if psycopg_connection.adapters.types.get("halfvec") is None:
        register_vector(psycopg_connection)
