"""Operations under test, over the DVDs: each adds one to their copies, in one way or another."""

import time
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Annotated, Literal

from django.db import connection
from django.db.models import F

from backend.collection.models import DVD
from upkeep.operations.context import RunContext
from upkeep.operations.declaration import operation
from upkeep.operations.files import InputFile
from upkeep.operations.limits import Limits, Percent
from upkeep.operations.params import Params, Positional
from upkeep.operations.plans import Change

PLAN = """
    SELECT 'updated' AS action, id::text AS key, name AS label,
        jsonb_build_object('copy_number', jsonb_build_array(copy_number, copy_number + 1)) AS fields, '' AS reason, id
    FROM collection_dvd WHERE id BETWEEN %(first)s AND %(last)s
"""
WRITE = "UPDATE collection_dvd AS dvd SET copy_number = copy_number + 1 FROM plan WHERE dvd.id = plan.id"


class RefusalError(Exception):
    """A failure that the operation foresees."""


class CrashError(Exception):
    """A failure that nobody foresees."""


class Ending(Enum):
    REFUSED = "refused"
    CRASHED = "crashed"


class AddOne(Params):
    limit: int | None = None
    """At most so many DVDs."""
    hang: Literal["nowhere", "sleep", "statement", "fetch", "prepare"] = "nowhere"
    """Where to stay for a minute, after the first batch."""
    ending: Ending | None = None
    """How to fail after the first batch."""


def added(dvds: Iterable[DVD]) -> list[Change]:
    """A plan that adds one copy of each."""
    return [
        Change(
            "updated", str(dvd.pk), dvd.name, {"copy_number": (dvd.copy_number, dvd.copy_number + 1)}, payload=dvd.pk
        )
        for dvd in dvds
    ]


def add(changes: Sequence[Change]) -> None:
    """Carry that plan out."""
    DVD.objects.filter(pk__in=[change.payload for change in changes]).update(copy_number=F("copy_number") + 1)


def delete(changes: Sequence[Change]) -> None:
    """Delete the DVDs whose keys are the payloads."""
    DVD.objects.filter(pk__in=[change.payload for change in changes]).delete()


@operation("testing.add_one", exclusive="testing:dvds", errors=(RefusalError,))
def add_one(params: AddOne, run: RunContext) -> None:
    """Add one copy of each DVD.

    Twenty of them in the first batch.
    """
    batches = 0

    def fetch(_dvds: Sequence[DVD]) -> None:
        if params.hang == "fetch" and batches:
            time.sleep(60)

    def prepare(changes: Sequence[Change]) -> Sequence[Change]:
        if params.hang == "prepare" and batches:
            time.sleep(60)
        return changes

    for batch in run.batches(DVD.objects.all(), limit=params.limit, fetch=fetch):
        batch.commit(added(batch.items), write=add, prepare=prepare)
        batches += 1
        run.log(f"batch {batches}")
        if params.hang == "sleep":
            time.sleep(60)
        if params.hang == "statement":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(60)")
        if params.ending:
            raise {Ending.REFUSED: RefusalError, Ending.CRASHED: CrashError}[params.ending]("no more")
    run.report("All have one more.", batches=batches)


class Remove(Params):
    kind: str = "all"
    """Which."""
    most: Percent = 100
    """Per cent of them."""


def most(params: Remove) -> Limits:
    """Of however few they are."""
    return Limits(deleted=params.most / 100, least=1, before_first=True)


@operation("testing.remove_dvds", exclusive="testing:dvds", confirm=lambda params: params.kind, limits=most)
def remove_dvds(params: Remove, run: RunContext) -> None:
    """Delete the DVDs."""
    for batch in run.batches(DVD.objects.all()):
        plan = [Change("deleted", str(dvd.pk), dvd.name, payload=dvd.pk) for dvd in batch.items]
        batch.commit(plan, write=delete)
    run.log(params.kind)


class Read(Params):
    file: Annotated[InputFile, Positional()]
    """What to read."""


@operation("testing.read_file", read_only=True)
def read_file(params: Read, run: RunContext) -> None:
    """Tell what a file holds."""
    with run.open(params.file) as file:
        run.report(file.read().decode())
