import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from upkeep.formulas import guarded, unguarded


@given(text=st.text(st.sampled_from("'=+-@\uff1d a1") | st.characters()))
@example(text="'=")
def test_what_was_guarded_is_read_as_it_was(text: str) -> None:
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", "'=1", "''-"])
def test_what_a_spreadsheet_would_compute_begins_with_an_apostrophe(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "'", "'Allo 'Allo!", "Alien", "(500) Days", "1=1", "3:10 to Yuma"])
def test_all_else_stays_as_it_is(text: str) -> None:
    assert guarded(text) == unguarded(text) == text
