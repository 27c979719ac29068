from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.operations.adoption.output import MAX_CHARACTERS, MAX_LAST_LINES, MAX_LINES, Output


def lines(*pieces: bytes) -> list[str]:
    """What is logged of these bytes, as they come."""
    output = Output()
    return [line for piece in pieces for line in output.feed(piece)] + output.close()


@given(st.text(max_size=60), st.lists(st.integers(0, 240), max_size=5))
def test_however_the_bytes_are_cut_the_lines_are_the_same(text: str, cuts: list[int]) -> None:
    data = text.encode()
    bounds = [0, *sorted(cuts), len(data)]
    assert lines(*(data[at:end] for at, end in pairwise(bounds))) == lines(data)


@pytest.mark.parametrize(
    ("data", "logged"),
    [
        (b"one\ntwo\r\nthree\rfour", ["one", "two", "three", "four"]),
        (b"  indented \n\n", ["  indented"]),
        (b"\x1b[32;1mgreen\x1b[0m \x1b]0;title\x07plain", ["green plain"]),
        (b"\xff", ["\N{REPLACEMENT CHARACTER}"]),
        (b"", []),
    ],
)
def test_lines_are_plain_text(data: bytes, logged: list[str]) -> None:
    assert lines(data) == logged


def test_a_line_is_logged_as_soon_as_it_is_whole() -> None:
    output = Output()
    assert output.feed(b"one\ntw") == ["one"]
    assert output.feed(b"o\nthree") == ["two"]
    assert output.close() == ["three"]


def test_an_endless_line_does_not_stay_in_memory() -> None:
    output = Output()
    logged = [line for _ in range(10) for line in output.feed(b"x" * MAX_CHARACTERS)]
    assert logged == ["x" * MAX_CHARACTERS] * 9


def test_of_endless_output_the_beginning_and_the_end_are_kept() -> None:
    number = MAX_LINES + MAX_LAST_LINES + 7
    logged = lines(*(b"%d\n" % at for at in range(number)))
    assert logged[:MAX_LINES] == [str(at) for at in range(MAX_LINES)]
    assert logged[MAX_LINES] == "… 7 lines are left out …"
    assert logged[MAX_LINES + 1 :] == [str(at) for at in range(number - MAX_LAST_LINES, number)]


def test_the_last_line_that_is_not_blank_is_remembered() -> None:
    output = Output()
    output.feed(b"Traceback\n  at\nValueError: no\n\n")
    assert output.last_line == "ValueError: no"
