import re
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.tracking.kernel.patterns import letters
from backend.tracking.kernel.patterns.pattern import Pattern, RememberingPattern

CHARACTERS = "aAzbsSkKÜüß\u017f\u212aé1²٣_-#. \t\n\v\x85\xa0\u2003\u2013€🙂漢"
TEXTS = st.text(CHARACTERS, max_size=10)
ATOMS = st.sampled_from(
    [
        *"abkSÜüßé_# ",
        r"\w",
        r"\W",
        r"\d",
        r"\D",
        r"\s",
        r"\S",
        ".",
        r"\.",
        r"\_",
        "[a-z]",
        "[A-_]",
        "[^a]",
        "[^_]",
        "[Ü-ü]",
        r"[\w-]",
        r"[^\w]",
        r"[^\W\d_]",
        r"[\W_]",
        r"[\s\d]",
        r"[^\s#]",
        r"[\S\s]",
        r"[]\D]",
        "(?:a|Ü|_|\u2013)",
        r"(?s:.)",
        r"(?i:[k-sü])",
        r"(?-i:[^K])",
    ]
)
PARTS = st.one_of(
    st.builds(lambda atom, times: atom + times, ATOMS, st.sampled_from(["", "", "*", "+?", "?", "{2}", "{1,2}?"])),
    st.sampled_from([r"\b", r"\B", "^", "(?m:^)", "(?m:$)"]),
)
SEQUENCES = st.lists(PARTS, max_size=4).map("".join)
PATTERNS = st.builds(
    lambda flags, before, code, after: f"{flags}{before}(?P<task_code>{code}){after}",
    st.sampled_from(["", "(?i)", "(?s)", "(?im)"]),
    SEQUENCES,
    SEQUENCES,
    SEQUENCES,
)


def found_by_python(pattern: str, text: str) -> str | None:
    match = re.match(pattern, text)
    return (match["task_code"] or "") if match else None


@settings(max_examples=300)
@given(PATTERNS, TEXTS.filter(bool).map(lambda text: normalize("NFC", text)))
def test_letters_digits_blanks_and_words_are_those_that_python_knows(pattern: str, text: str) -> None:
    assert Pattern(pattern).found(text) == found_by_python(pattern, text)


@given(st.text())
def test_a_text_with_marks_is_the_text_with_marks(text: str) -> None:
    text = text.replace("\0", "")
    assert letters.without_marks(letters.with_marks(text)) == text


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r".*\bÜbung\b", "die Übung", ""),
        (r".*\bÜbung\b", "die Übungen", None),
        (r".*\bÜbung\b", "Vorübung, große Übung!", ""),
        (r".*\bber\b", "über", None),
        (r".*\bGr\b", "Größe", None),
        (r".*\Bße\b", "Größe", ""),
        (r"\w+ (?P<task_code>#\d+)", "Größe #12", "#12"),
        (r"(?P<task_code>[\w./-]+#\d+)", "größe/öl_2#12", "größe/öl_2#12"),
        (r"Team\s#12", "Team\xa0#12", ""),
        (r"Team[\s_]#12", "Team\u202f#12", ""),
        (r"Team\S+", "Team\xa0#12", None),
        (r"Größe[\s-.]+#12", "Größe\xa0-. #12", ""),
        (r"Größe[\s-日]+#12", "Größe 日-#12", ""),
        (r"[^\s-_]+$", "Größe-#12", None),
        (r"[\S-x]+", "Größe-#12", ""),
        (r"[\w-ü\D-_]+$", "ü-_ #", ""),
        (r".*(?P<task_code>#\d+)", "\u2013 #١٢", "#١٢"),
        ("(?i)größe", "GRÖßE", ""),
        ("(?i)straße", "STRASSE", None),
        (r"x̂?\w+ \w$", "x̂ x̂", None),
        (r"\w+ \w+$", "x̂ x̂", ""),
        (r"[^\w\W]", "ü", None),
    ],
)
def test_a_letter_is_a_letter_in_every_language(pattern: str, text: str, found: str | None) -> None:
    for form in ("NFC", "NFD"):
        for kind in (Pattern, RememberingPattern):
            assert kind(normalize(form, pattern)).found(text) == found
            assert kind(pattern).found(normalize(form, text)) == found


def test_white_space_is_unicodes() -> None:
    spaces = Pattern(f"[{letters.SPACES}]"), Pattern(f"[^{letters.NO_SPACES}]"), Pattern(r"\s")
    for number in range(0x3100):
        is_space = chr(number).isspace() and number not in range(0x1C, 0x20)
        assert [pattern.found(chr(number)) is not None for pattern in spaces] == [is_space] * 3
