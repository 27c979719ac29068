import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from backend.spreadsheets.records import Delimiter, Record, records

DELIMITER: TypeAdapter[str] = TypeAdapter(Delimiter)
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=6)


def read(text: str, delimiter: str = ",") -> list[Record]:
    return list(records(StringIO(text, newline=""), delimiter))


def written(table: list[list[str]], delimiter: str) -> str:
    out = StringIO()
    csv.writer(out, delimiter=delimiter).writerows(table)
    return out.getvalue()


@given(table=TABLES, delimiter=st.characters().filter(lambda c: c == "\t" or (c.isprintable() and c != '"')))
def test_what_a_csv_writer_wrote_is_read_back_whatever_the_delimiter(table: list[list[str]], delimiter: str) -> None:
    assert DELIMITER.validate_python(delimiter) == delimiter
    assert [record.cells for record in read(written(table, delimiter), delimiter)] == table


def test_a_record_is_at_the_line_where_it_starts() -> None:
    assert read('a,b\n"two\nlines",c\n\n\nd,e\n') == [
        Record(1, ["a", "b"]),
        Record(2, ["two\nlines", "c"]),
        Record(6, ["d", "e"]),
    ]


@pytest.mark.parametrize("broken", ['"', 'x,"never closed', '"a"b,c', '"a" ,b', 'x,"""'])
def test_a_broken_quote_costs_its_own_line_and_no_other(broken: str) -> None:
    assert read(f'a,"b"\n{broken}\nc,d\n"e\ne",f\n') == [
        Record(1, ["a", "b"]),
        Record(2, None),
        Record(3, ["c", "d"]),
        Record(4, ["e\ne", "f"]),
    ]


def test_a_quote_that_is_never_closed_costs_its_line_also_in_a_long_file() -> None:
    found = read('"a\n' + "b,c\n" * 100_000)
    assert found[0] == Record(1, None)
    assert [record.line for record in found] == list(range(1, 100_002))


def test_a_cell_beyond_reason_is_a_broken_record() -> None:
    assert read(f"a,{'x' * 200_000}\nb,c\n") == [Record(1, None), Record(2, ["b", "c"])]


@pytest.mark.parametrize("spelling", ["tab", "\\t", "\t"])
def test_a_tab_has_three_spellings(spelling: str) -> None:
    assert DELIMITER.validate_python(spelling) == "\t"


@pytest.mark.parametrize("value", ["", ",,", '"', "\n", "\r", "\0", "\udc80"])
def test_what_cannot_stand_between_two_cells_is_no_delimiter(value: str) -> None:
    with pytest.raises(ValidationError, match="must be one character"):
        DELIMITER.validate_python(value)
