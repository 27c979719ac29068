from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.integration.operations.factories import COMMITTED
from tests.operations.dvds import AddOne, add_one
from upkeep.operations.insertion import insert
from upkeep.operations.models import Run
from upkeep.operations.states import Status
from upkeep.operations.submission import enqueue

pytestmark = COMMITTED
NOW = datetime.now(UTC)
UNUSUAL: list[dict[str, Any]] = [
    {"operation": "testing.plain"},
    {"params": {"text": "100 % of 'these' \"%s\"", "list": [1, None, {}]}, "dry_run": True, "queue": "slow"},
    {"status": Status.FAILED, "error": "It's %(wrong)s", "finished_at": NOW, "result": {"a": 1}, "report": ["%"]},
    {"exclusive_key": "key", "confirm": "yes", "attended": True, "origin": "code", "partitions": 3, "sent_at": NOW},
    {"not_before": NOW + timedelta(days=1), "expires_at": NOW + timedelta(days=2), "attempt": 2, "versions": [{}]},
]


def rows(ids: list[Any]) -> list[dict[str, Any]]:
    found: dict[Any, dict[str, Any]] = {row["id"]: {**row} for row in Run.objects.filter(pk__in=ids).values()}
    assert min(row["created_at"] for row in found.values()) >= NOW
    return [found[each] | {"id": None, "created_at": None} for each in ids]


def test_the_rows_are_those_that_django_would_write() -> None:
    runs = [Run(**columns) for columns in UNUSUAL]
    insert(runs)
    for run in runs[:1]:
        run.save()  # knows that it is there already
    assert rows([run.pk for run in runs]) == rows([Run.objects.create(**columns).pk for columns in UNUSUAL])


def test_an_id_that_is_taken_is_refused_and_nothing_is_written() -> None:
    taken = Run.objects.create(operation="testing.plain")
    other = uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        insert([Run(id=other), Run(id=taken.pk)])
    assert not Run.objects.filter(pk=other).exists()


@pytest.mark.usefixtures("broker")
def test_an_enqueue_is_one_statement() -> None:
    with CaptureQueriesContext(connection) as captured:
        enqueue(add_one, AddOne())
    assert len(captured) == 1
