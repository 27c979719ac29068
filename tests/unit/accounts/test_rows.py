import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.accounts.kernel.heading import COLUMNS
from backend.accounts.kernel.rows import Row
from backend.spreadsheets.table import BrokenRow
from backend.spreadsheets.text import UnusableFileError
from tests.unit.accounts.factories import parsed, row

NO_BOOLEAN = (
    "is_staff is neither true (true, yes, y, wahr, ja, j, x, on, 1) nor false (false, no, n, falsch, nein, off, 0, or "
    "empty)"
)
HIDDEN = "has an invisible character inside: U+200B, zero width space"
NEARLY_CSV = st.text(st.sampled_from('ab,;"\n\r\0\x85é@.x1 \ufeff'), max_size=60).map(str.encode)


def reasons(text: str) -> list[str]:
    return [found.reason if isinstance(found, BrokenRow) else "" for found in parsed(text)]


@given(content=st.binary() | NEARLY_CSV, columns=st.just(()) | st.lists(st.sampled_from(COLUMNS)))
@example(content=b'"\r\n\xff', columns=["email"])
def test_any_bytes_are_rows_or_an_unusable_file(content: bytes, columns: list[str]) -> None:
    heading = (",".join(columns) + "\n").encode() if columns else b""
    try:
        found = parsed(heading + content)
    except UnusableFileError:
        return
    assert [item.line for item in found] == sorted({item.line for item in found})
    assert all(isinstance(item, Row) or (item.reason and item.detail) for item in found)


def test_each_column_is_read() -> None:
    heading = "username,email,full_name,first_name,last_name,is_active,is_staff,is_superuser,password\n"
    assert parsed(heading + "ann,ann@example.com,Ann Lee,Ann,Lee,x,yes,,s3cret pass\n") == [
        row(
            password="s3cret pass",
            email="ann@example.com",
            full_name="Ann Lee",
            first_name="Ann",
            last_name="Lee",
            is_active=True,
            is_staff=True,
            is_superuser=False,
        )
    ]


def test_a_column_that_is_absent_says_nothing() -> None:
    assert parsed("username\nann\n") == [row()]


def test_without_a_username_the_address_is_it() -> None:
    found = [row(username="ann@example.com", email="ann@example.com")]
    assert parsed("email\nann@EXAMPLE.com\n") == found
    assert parsed("username,email\n,ann@EXAMPLE.com\n") == found


def test_a_row_may_be_shorter_than_the_heading_and_then_ends_in_empty_cells() -> None:
    assert parsed("username,full_name,is_active,password\nann\n") == [row(full_name="", is_active=False)]


def test_what_a_spreadsheet_writes_beyond_its_rows_and_columns_is_ignored() -> None:
    assert parsed(",,,,\nusername,password,,,\n,,,,\nann,p,,,\n ,\u200b,,,\n\n,,,,\nbob,,,,,,\n,,\n") == [
        row(4, password="p"),
        row(8, username="bob"),
    ]


def test_duplicates_are_found_after_spellings_are_made_one() -> None:
    assert reasons("username\n\u200bann\nann\xa0\n\uff21NN\n") == ["", "duplicate", "duplicate"]


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=tab", "sep=\\t", "sep=\t", "sep=|", "sep=,"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_first_line_with_the_separator_is_obeyed(first: str, end: str) -> None:
    cell = first.strip('"').removeprefix("sep=").removeprefix("SEP=")
    delimiter = {"tab": "\t", "\\t": "\t"}.get(cell, cell)
    text = end.join([first, f"username{delimiter}password", f'ann{delimiter}"p{delimiter}q"', ""])
    assert parsed(f"\ufeff{text}", delimiter="#") == [row(3, password=f"p{delimiter}q")]


@pytest.mark.parametrize("first", ['sep="', "sep=", "sep=;;", "sep=\x07"])
def test_a_separator_that_is_none_is_no_heading_either(first: str) -> None:
    with pytest.raises(UnusableFileError, match="no heading"):
        parsed(f"{first}\nusername\nann\n")


def test_a_password_is_taken_with_its_spaces() -> None:
    assert parsed("username,password\nann, two words \n") == [row(password=" two words ")]


def test_a_value_may_go_over_lines_and_the_next_row_knows_its_line() -> None:
    assert parsed('username,full_name\nann,"Ann\nLee"\nbob,Bob\n') == [
        row(full_name="Ann Lee"),
        row(4, username="bob", full_name="Bob"),
    ]


def test_a_bom_and_windows_line_ends_and_another_delimiter_change_nothing() -> None:
    assert parsed("\ufeffusername;is_staff\r\n\r\nann;1\r\n".encode(), delimiter=";") == [row(3, is_staff=True)]


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        ("ann,a@example.com,maybe,p", "invalid_boolean", NO_BOOLEAN),
        ("ann,nonsense,x,p", "invalid_email", "email is not an e-mail address"),
        (",nonsense,x,p", "invalid_email", "email is not an e-mail address"),
        ("a n n,a@example.com,x,p", "invalid_username", "username has characters that a username cannot have"),
        (f"{'u' * 255},a@example.com,x,p", "too_long", "username has more than 254 characters"),
        (",a@«».com,x,p", "invalid_username", "email has characters that a username cannot have"),
        (",,x,p", "no_name", "neither a username nor an e-mail address"),
        ("ann,a@example.com,x,p,,q", "too_many_cells", "6 cells in 4 columns"),
        ("a\u200bnn,a@example.com,x,p", "hidden_character", f"username {HIDDEN}"),
        ("ann,a@example.com,x,p\u200bq", "hidden_character", f"password {HIDDEN}"),
        ('ann,"a@example.com,x,p', "broken_row", "not CSV: is a quote not closed, or not doubled?"),
    ],
)
def test_a_bad_row_is_told_with_line_and_reason_and_the_others_go_on(line: str, reason: str, detail: str) -> None:
    found = parsed(f"username,email,is_staff,password\n{line}\nbob,,x,\n")
    assert found[0] == BrokenRow(2, reason, detail)
    assert found[1:] == [row(3, username="bob", email="", is_staff=True)]


def test_the_second_row_of_a_name_is_a_duplicate_whatever_its_case() -> None:
    assert parsed("username\nann\nANN\n")[1] == BrokenRow(3, "duplicate", "the same username as in line 2")
    assert reasons("username,email\nANN@example.com,\n,ann@EXAMPLE.com\n") == ["", "duplicate"]


def test_the_first_row_of_a_name_counts_even_if_it_is_broken() -> None:
    assert reasons("username,is_staff\nann,maybe\nann,x\n") == ["invalid_boolean", "duplicate"]


@pytest.mark.parametrize("content", ["", "\ufeff", "\n\n"])
def test_a_file_without_a_heading_is_unusable(content: str) -> None:
    with pytest.raises(UnusableFileError, match="empty"):
        parsed(content)


def test_a_heading_whose_quote_is_open_is_unusable() -> None:
    with pytest.raises(UnusableFileError, match="line 1: the heading is not CSV"):
        parsed('username,"email\nann\n')


@given(password=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=6), cells=st.permutations(range(5)))
def test_a_password_in_the_wrong_cell_is_in_no_message(password: str, cells: list[int]) -> None:
    values = ["ann", "a@example.com", "x", password.replace('"', "'").replace(",", "."), "more"]
    heading = "username,email,is_staff,password\n"
    for found in parsed(heading + ",".join(values[cell] for cell in cells)):
        assert isinstance(found, BrokenRow)
        assert values[3] not in found.detail
