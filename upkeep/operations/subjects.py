"""What runs are about, such as `organization:acme`: by that they are found, whatever their params look like."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from upkeep.operations.models import Run, RunSubject
from upkeep.operations.storable import storable

MAX_CHARACTERS = 200


def note(runs: Iterable[UUID], names: Iterable[str]) -> None:
    """Record that these runs are about these things; what was recorded before stays."""
    known = list(names)
    note_each((run, name) for run in runs for name in known)


def note_each(pairs: Iterable[tuple[UUID, str]]) -> None:
    """Record of each pair that this run is about this thing."""
    known = {(run, storable(name)[:MAX_CHARACTERS]) for run, name in pairs}
    if known:
        rows = [RunSubject(run_id=run, name=name) for run, name in sorted(known)]
        RunSubject.objects.bulk_create(rows, ignore_conflicts=True)


def runs_about(name: str) -> QuerySet[Run]:
    """The runs that are about it, perhaps among other things."""
    return Run.objects.filter(subjects__name=storable(name)[:MAX_CHARACTERS])
