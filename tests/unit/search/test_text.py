import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.search.kernel.text import MAX_CHARACTERS, cleaned


@pytest.mark.parametrize(
    ("title", "description", "line"),
    [
        ("Fix login", "", "Fix login"),
        ("Fix login.", "The password\n\tis  ignored", "Fix login. The password is ignored"),
        ("", "Only a description", "Only a description"),
        ("a", "", "a"),
        ("Größe der „Fußzeile“ prüfen", "", "Größe der Fußzeile prüfen"),
        ("UPK-123: Zugferd for Müller & Söhne", "", "UPK Zugferd for Müller Söhne"),
        ("Done ✅ 👩🏽‍💻 1️⃣ today", "", "Done today"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}\N{NO-BREAK SPACE}b", "", "A b"),
        (
            "Ticket",
            "<p>See <b>this</b>&nbsp;&amp; that<br/></p><!-- a template's\ncomment -->",
            "Ticket. See this that",
        ),
        ("Ticket", "[the manual](https://example.com/a?b=c) ![shot](shot.png)", "Ticket. the manual shot"),
        ("Ticket", "at https://example.com/x#y, www.example.com or here", "Ticket. at or here"),
        ("a < b and b > c; List<String>", "", "a b and b c List String"),
        ("User's 2nd mail02 at 96 % (SHOP-412)", "", "User's at SHOP"),
        ("4711", "", "4711"),
        ("0\N{COMBINING DIAERESIS}", "", "0\N{COMBINING DIAERESIS}"),
        ("Null\0 byte", "", "Null byte"),
    ],
)
def test_words_are_kept_and_codes_numbers_and_symbols_go(title: str, description: str, line: str) -> None:
    assert cleaned(title, description) == line


@pytest.mark.parametrize(
    "text", ["", " \n", "🎉🎉", "1️⃣", "…?!", "<br>", "https://example.com/login", "\ud800", "-" * 99]
)
def test_a_text_without_a_letter_or_a_digit_is_empty(text: str) -> None:
    assert cleaned(text) == cleaned("", text) == cleaned(text, text) == ""


def test_of_a_description_only_the_beginning_is_looked_at() -> None:
    assert len(cleaned("title", "word " * 20_000)) <= MAX_CHARACTERS + len("title. ")
    assert cleaned("title", "x" * MAX_CHARACTERS + "y") == "title. " + "x" * MAX_CHARACTERS


@given(st.text(), st.text())
def test_whatever_the_text_it_is_one_line_of_what_an_embedder_reads(title: str, description: str) -> None:
    line = cleaned(title, description)
    assert line == " ".join(line.split())
    assert not line or any(map(str.isalnum, line))
    assert not {unicodedata.category(letter) for letter in line} & {"Cc", "Cf", "Cs", "Cn", "So"}
    line.encode()


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1))
def test_no_text_that_says_something_is_lost(word: str) -> None:
    assert cleaned(word)
