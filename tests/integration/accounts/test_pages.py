from collections.abc import Iterator
from io import BytesIO
from itertools import count, repeat

import pytest

from backend.accounts.kernel.rows import Row
from backend.accounts.services.cores import core_count
from backend.accounts.services.pages import pages
from backend.spreadsheets.pages import MAX_ROWS
from backend.spreadsheets.table import BrokenRow
from backend.spreadsheets.text import UnusableFileError


def users(number: int) -> bytes:
    return b"username\n" + b"".join(b"user%d\n" % n for n in range(number))


def sizes(number: int, clock: Iterator[float]) -> list[int]:
    """The sizes of the pages of so many users, on a clock that is looked at when a page comes, and when it goes."""
    after = pages(BytesIO(users(number)), name="people.csv", delimiter=",", clock=lambda: next(clock))
    return [len(page) for page, _ in after(None)]


def test_each_page_ends_at_its_last_row_and_goes_on_behind_any_of_them() -> None:
    after = pages(BytesIO(users(50)), name="people.csv", delimiter=",")
    lines = [row.line for page, _ in after(None) for row in page]
    assert lines == list(range(2, 52))
    assert all(page[-1].line == cursor for page, cursor in after(None))
    for line in (2, 30, 51):
        assert [row.line for page, _ in after(line) for row in page] == list(range(line + 1, 52))


def test_a_resumed_file_still_knows_the_names_of_the_rows_that_are_done() -> None:
    [(page, cursor)] = pages(BytesIO(b"username\nann\nbob\nANN\ncy\n"), name="people.csv", delimiter=",")(3)
    assert cursor == 5
    assert page == [BrokenRow(4, "duplicate", "the same username as in line 2"), Row(5, "cy", {})]


def test_quick_pages_double_up_to_a_limit() -> None:
    found = sizes(5_000, repeat(0.0))
    assert found[:3] == [2 * core_count(), 4 * core_count(), 8 * core_count()]
    assert max(found) == MAX_ROWS


def test_slow_pages_halve_down_to_a_row_a_core() -> None:
    found = sizes(20 * core_count(), count(0.0, 2.0))
    assert found[:2] == [2 * core_count(), core_count()]
    assert set(found[1:-1]) == {core_count()}


@pytest.mark.parametrize("content", [users(9_000) + b"\xff\n", users(9_000) + b"\0", b"nickname\n", b""])
def test_a_file_that_is_unusable_is_refused_before_its_first_page(content: bytes) -> None:
    with pytest.raises(UnusableFileError, match=r"^people\.csv: "):
        pages(BytesIO(content), name="people.csv", delimiter=",")
