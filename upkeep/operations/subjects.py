"""What runs are about, such as `organization:acme`: by that they are found, whatever their params look like."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from upkeep.operations.models import Run, RunSubject
from upkeep.operations.storable import storable

MAX_CHARACTERS = 200


def note(runs: Iterable[UUID], names: Iterable[str]) -> None:
    """Record that these runs are about these things; what was recorded before stays."""
    known = {storable(name)[:MAX_CHARACTERS] for name in names}
    subjects = [RunSubject(run_id=run, name=name) for run in runs for name in sorted(known)]
    if subjects:
        RunSubject.objects.bulk_create(subjects, ignore_conflicts=True)


def runs_about(name: str) -> QuerySet[Run]:
    """The runs that are about it, perhaps among other things."""
    return Run.objects.filter(subjects__name=storable(name)[:MAX_CHARACTERS])
