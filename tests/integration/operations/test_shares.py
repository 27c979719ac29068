"""How the rows of a queryset are shared: whatever its keys are, each row is in exactly one share."""

from uuid import UUID

import pytest
from django.db import connection
from django.db.models import QuerySet
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from backend.collection.models import DVD
from upkeep.operations.execution import shares
from upkeep.operations.execution.shares import Part
from upkeep.operations.models import Run
from upkeep.worker.models import SynchronisedEntry

pytestmark = pytest.mark.django_db
KEYS = st.sets(st.integers(1, 300), max_size=40)
NUMBERS = st.integers(1, shares.MAX_PARTS)
many = hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def stored(keys: set[int]) -> "QuerySet[DVD]":
    """DVDs with these keys alone."""
    DVD.objects.all().delete()
    DVD.objects.bulk_create(DVD(pk=key, name=f"Film {key}") for key in keys)
    return DVD.objects.all()


def keys_of(part: Part, source: "QuerySet[DVD]") -> list[int]:
    return list(part.of_source(source).order_by("pk").values_list("pk", flat=True))


@many
@example(keys=set(range(1, 41)), limit=30, after=None, number=3)
@given(
    keys=KEYS, limit=st.none() | st.integers(0, 50), after=st.none() | st.integers(0, 300), number=NUMBERS
)  # fmt: skip
def test_the_shares_are_what_one_run_would_see_each_row_once_and_of_about_one_size(
    keys: set[int], limit: int | None, after: int | None, number: int
) -> None:
    source = stored(keys)
    seen = [key for key in sorted(keys) if after is None or key > after][:limit]
    parts = shares.of(source, "step", after=after, limit=limit, number=number)
    found = [keys_of(part, source) for part in parts]
    assert [key for share in found for key in share] == seen
    assert len(parts) == min(number, len(seen))
    assert not found or max(map(len, found)) - min(map(len, found)) <= 1
    assert [(part.number, part.of, part.step) for part in parts] == [
        (place, len(parts), "step") for place in range(1, len(parts) + 1)
    ]


@many
@given(keys=KEYS.filter(bool), number=NUMBERS, new=st.sets(st.integers(0, 1_000), max_size=20))
def test_rows_that_are_added_later_are_in_exactly_one_share(keys: set[int], number: int, new: set[int]) -> None:
    parts = shares.of(stored(keys), "step", after=None, limit=None, number=number)
    source = stored(keys | new)
    assert [key for part in parts for key in keys_of(part, source)] == sorted(keys | new)


def test_with_a_limit_rows_behind_the_last_one_are_left_out() -> None:
    parts = shares.of(stored({1, 2, 3, 9}), "step", after=None, limit=3, number=2)
    source = stored({1, 2, 3, 4, 9})
    assert [keys_of(part, source) for part in parts] == [[1, 2], [3]]


def test_a_limit_that_nothing_reaches_still_ends_at_the_last_row() -> None:
    [part] = shares.of(stored({5}), "step", after=None, limit=10, number=1)
    assert (part.after, part.until) == (None, 5)


@pytest.mark.parametrize("source", [DVD.objects.none(), DVD.objects.filter(pk__in=[]), DVD.objects.filter(name="no")])
def test_nothing_is_not_shared(source: "QuerySet[DVD]") -> None:
    stored({1, 2})
    assert shares.of(source, "step", after=None, limit=None, number=3) == []


def test_only_the_rows_of_the_queryset_count() -> None:
    source = stored(set(range(1, 101))).filter(pk__gt=90).exclude(pk=95).order_by("name")
    parts = shares.of(source, "step", after=None, limit=None, number=3)
    assert [len(keys_of(part, source)) for part in parts] == [3, 3, 3]


def test_keys_may_be_uuids() -> None:
    keys = [UUID(int=number << 100) for number in (3, 1, 15, 7, 9, 12, 255)]
    Run.objects.bulk_create(Run(pk=key, operation="x") for key in keys)
    parts = shares.of(Run.objects.all(), "step", after=None, limit=None, number=3)
    found = [list(part.of_source(Run.objects.order_by("pk")).values_list("pk", flat=True)) for part in parts]
    assert [key for share in found for key in share] == sorted(keys)
    assert sorted(map(len, found)) == [2, 2, 3]
    assert all(isinstance(part.after, str | None) for part in parts)


def test_keys_are_in_the_order_of_the_database_whatever_that_is_in_python() -> None:
    """As with texts, whose collation Python does not know; these addresses it would put in another order, too."""
    names = ["10.0.0.1", "10.0.0.9", "10.0.0.10", "10.0.0.11", "192.168.0.1", "::1", "fe80::a"]
    SynchronisedEntry.objects.all().delete()
    SynchronisedEntry.objects.bulk_create(SynchronisedEntry(name=name, definition={}) for name in names)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname ~ '^upkeep_worker_synchronisedentry.*_like$'")
        cursor.execute(f"DROP INDEX {cursor.fetchone()[0]}")
        cursor.execute("ALTER TABLE upkeep_worker_synchronisedentry ALTER name TYPE inet USING name::inet")
    source = SynchronisedEntry.objects.order_by("pk")
    parts = shares.of(source, "step", after=None, limit=None, number=4)
    found = [list(part.of_source(source).values_list("pk", flat=True)) for part in parts]
    assert [str(key) for share in found for key in share] == names


def test_a_share_of_what_is_no_queryset_any_more_is_refused() -> None:
    part = Part(1, 2, "north", None, 3)
    with pytest.raises(TypeError, match="step 'north' was split, and is not over a queryset any more"):
        part.of_source([1, 2, 3])
