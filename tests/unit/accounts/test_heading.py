import pytest

from backend.accounts.kernel.heading import COLUMNS, heading
from backend.spreadsheets.text import UnusableFileError


def test_all_columns_are_known_in_any_order_case_and_spacing() -> None:
    assert heading([f" {name.upper()} " for name in reversed(COLUMNS)]) == tuple(reversed(COLUMNS))


@pytest.mark.parametrize(
    "spelling", ["First Name", "FIRSTNAME", "first-name", "first\u2011name", "\u200bFirst\xa0 Name "]
)
def test_a_column_may_be_spelled_as_people_do(spelling: str) -> None:
    assert heading(["E-Mail", spelling, "Is Active"]) == ("email", "first_name", "is_active")


def test_empty_columns_at_the_end_are_none() -> None:
    assert heading(["email", "password", "", " ", "\ufeff"]) == ("email", "password")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["username", "nickname"], "unknown column 'nickname': the columns are username, email"),
        (["username", "", "email"], "column 2 has no name"),
        (["email", "E-Mail"], "the column 'email' appears more than once"),
        (["username", "email", "Username"], "the column 'username' appears more than once"),
        (["full_name", "password"], "neither a column 'username' nor 'email'"),
    ],
)
def test_a_heading_that_is_none_is_refused_with_its_fault(names: list[str], message: str) -> None:
    with pytest.raises(UnusableFileError, match=message):
        heading(names)


@pytest.mark.parametrize("names", [["ann", "s3cret-pass"], ["username;password"], ["e;mail"]])
def test_a_first_line_that_is_no_heading_is_not_repeated_since_it_may_hold_a_password(names: list[str]) -> None:
    with pytest.raises(UnusableFileError, match="no heading") as caught:
        heading(names)
    assert names[-1] not in str(caught.value)
