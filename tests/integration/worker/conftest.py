from collections.abc import Iterator

import pytest
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

from upkeep.worker.models import SynchronisedEntry


@pytest.fixture
def own_entries(broker: str) -> Iterator[None]:  # noqa: ARG001 - the messages of the entries go there
    """The default schedule keeps quiet, and nothing is left of a test."""
    kinds = (PeriodicTask, SynchronisedEntry, ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule)
    before = {kind: list(kind.objects.values_list("pk", flat=True)) for kind in kinds}
    others = list(PeriodicTask.objects.filter(enabled=True).values_list("pk", flat=True))
    PeriodicTask.objects.filter(pk__in=others).update(enabled=False)
    yield
    for kind, kept in before.items():
        kind.objects.exclude(pk__in=kept).delete()
    PeriodicTask.objects.filter(pk__in=others).update(enabled=True)
