from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db.models import QuerySet
from django.test import override_settings

from backend.collection.models import DVD
from tests.integration.operations.factories import COMMITTED, dvds
from tests.operations.scripted import Nothing, scripted, stage
from upkeep import testing
from upkeep.operations.context import RunContext
from upkeep.operations.execution.paging import BatchSize, QuerySetPages
from upkeep.operations.models import Run
from upkeep.operations.plans import Change

pytestmark = COMMITTED


def test_rows_with_uuids_for_keys_come_in_the_order_of_their_bytes() -> None:
    keys = [UUID(int=number << 100) for number in (3, 0xA1, 15, 7, 9, 0x9F, 255)]
    Run.objects.bulk_create(Run(pk=key, operation="testing.scripted") for key in keys)
    pages = list(QuerySetPages(Run.objects.all()).pages(None, BatchSize(3, 3, 3), rows=False))
    assert [page.number for page in pages] == [3, 3, 1]
    assert [run.pk for page in pages for run in page.items] == sorted(keys)
    assert [str(page.last) for page in pages] == [str(sorted(keys)[place]) for place in (2, 5, 6)]


@override_settings(UPKEEP={**settings.UPKEEP, "BATCH_ITEMS": 2})
@pytest.mark.parametrize("limit", [None, 3])
def test_any_items_come_in_batches_and_a_resumed_step_starts_again(limit: int | None) -> None:
    seen: list[list[str]] = []

    def body(run: RunContext) -> None:
        for batch in run.batches(iter(["a", "b", "c", "d", "e"]), limit=limit):
            seen.append([*batch.items])
            batch.commit([Change("updated", item, item) for item in batch.items], write=lambda _changes: None)

    stage.body = body
    run = testing.kill(scripted, Nothing(), commits=1)
    outcome = testing.resume(run)
    whole = [["a", "b"], ["c", "d"], ["e"]] if limit is None else [["a", "b"], ["c"]]
    assert seen == [["a", "b"], *whole]
    assert outcome.counts["updated"] == sum(map(len, whole))


def test_the_number_of_a_list_is_known_and_that_of_a_generator_is_not() -> None:
    def body(run: RunContext) -> None:
        for name, items in (("list", ["a", "b"]), ("generator", iter(["a", "b"]))):
            with run.step(name) as step:
                for _ in step.batches(items):
                    pass

    stage.body = body
    outcome = testing.run(scripted, Nothing())
    steps = Run.objects.get(pk=outcome.run).steps
    assert (steps["list"]["total"], steps["generator"]["total"]) == (2, None)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (DVD.objects.values("name"), "write `.values('pk', …)`"),
        (DVD.objects.values(), "write `.values('pk', …)`"),
        (DVD.objects.values_list("pk", "name"), "write `.values('pk', …)`"),
        (DVD.objects.values_list("pk", flat=True), "write `.values('pk', …)`"),
        (DVD.objects.all()[:10], "write `run.batches(rows, limit=100)`"),
    ],
)
def test_a_queryset_that_cannot_be_paged_is_refused_before_its_first_batch(rows: QuerySet[Any], told: str) -> None:
    stage.body = lambda run: run.report(str([*run.batches(rows)]))
    with pytest.raises(TypeError) as caught:
        testing.run(scripted, Nothing())
    assert str(caught.value).endswith(told)


@override_settings(UPKEEP={**settings.UPKEEP, "BATCH_ITEMS": 2})
@pytest.mark.parametrize("rows", [DVD.objects.values("pk", "name"), DVD.objects.values_list("pk", named=True)])
def test_values_with_their_keys_come_in_pages(rows: QuerySet[Any]) -> None:
    stored, found = dvds(5), list[int]()

    def body(run: RunContext) -> None:
        for batch in run.batches(rows):
            found.extend(row["pk"] if isinstance(row, dict) else row.pk for row in batch.items)

    stage.body = body
    testing.run(scripted, Nothing())
    assert found == [dvd.pk for dvd in stored]
