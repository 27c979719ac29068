import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.search.kernel import wording


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("like UPK-123, but faster", ["UPK-123"]),
        ("#12 and !7 (see abc_4.)", ["#12", "!7", "abc_4"]),
        ("mail02 is full", ["mail02"]),
        ("nothing of this kind - really", []),
        ("12 licences until 2027", []),
        ("4711", ["4711"]),
        ("UPK-1 upk-1 UPK-1", ["UPK-1", "upk-1"]),
    ],
)
def test_all_that_has_a_digit_may_be_a_code(text: str, codes: list[str]) -> None:
    assert wording.codes(text) == codes


def test_only_a_few_words_may_be_a_name() -> None:
    assert wording.names_alone("  Alpenblick\nHotels ") == ["Alpenblick Hotels"]
    assert wording.names_alone("„Huber und Söhne GmbH“?") == ["„Huber und Söhne GmbH“?", "Huber und Söhne GmbH"]
    assert wording.names_alone("") == wording.names_alone("the login of all users fails") == []


def test_a_rare_word_counts_more_than_words_that_many_titles_have() -> None:
    titles = ["Fix the export", "Fix the Zugferd export", "Fix the login", "Fix the search"]
    found = wording.similarities("fix the zugferd thing", titles)
    assert max(found) == found[1] > 2 * found[0]


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=8))
def test_similarities_are_shares(text: str, titles: list[str]) -> None:
    found = wording.similarities(text, titles)
    assert len(found) == len(titles)
    assert all(0 <= each <= 1 + 1e-9 for each in found)
