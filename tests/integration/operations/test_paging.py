from uuid import UUID

from tests.integration.operations.factories import COMMITTED
from upkeep.operations.execution.paging import BatchSize, QuerySetPages
from upkeep.operations.models import Run

pytestmark = COMMITTED


def test_rows_with_uuids_for_keys_come_in_the_order_of_their_bytes() -> None:
    keys = [UUID(int=number << 100) for number in (3, 0xA1, 15, 7, 9, 0x9F, 255)]
    Run.objects.bulk_create(Run(pk=key, operation="testing.scripted") for key in keys)
    pages = list(QuerySetPages(Run.objects.all()).pages(None, BatchSize(3, 3, 3), rows=False))
    assert [page.number for page in pages] == [3, 3, 1]
    assert [run.pk for page in pages for run in page.items] == sorted(keys)
    assert [str(page.last) for page in pages] == [str(sorted(keys)[place]) for place in (2, 5, 6)]
