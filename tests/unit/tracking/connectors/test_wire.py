import pytest

from backend.tracking.connectors.wire import Identifier, record
from backend.tracking.kernel.records import BrokenRecord, TaskRecord
from upkeep.remote.wire import Answer


class Item(Answer):
    id: Identifier


@pytest.mark.parametrize("key", ["", "i\0d", "x" * 10_000, None, True, {}])
def test_an_id_that_cannot_be_stored_makes_a_broken_record(key: object) -> None:
    found = record(Item, {"id": key}, lambda item: TaskRecord(external_id=item.id, code="", title=""))
    assert isinstance(found, BrokenRecord)
    assert found.external_id == ""


@pytest.mark.parametrize(("key", "told"), [("a-1", "a-1"), (7, "7")])
def test_an_id_is_a_text_or_a_number(key: object, told: str) -> None:
    found = record(Item, {"id": key}, lambda item: TaskRecord(external_id=item.id, code="", title=""))
    assert found.external_id == told
