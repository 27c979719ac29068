import time

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.kernel.patterns import pattern as patterns
from backend.tracking.kernel.patterns.pattern import Pattern, PatternError, RememberingPattern

PIECES = [  # no `b`: behind a backslash Pattern and RE2 disagree about it, on purpose
    ".*",
    "\\",
    "a",
    "c",
    "|",
    "(",
    ")",
    "[",
    "]",
    r"\Q",
    r"\E",
    "^",
    "(?P<task_code>",
    "?",
    "*",
    "+",
    "(?s)",
    ".",
]
texts = st.text("ac.*\\E\n#é", max_size=12)


def plainly(pattern: str, text: str) -> str | None:
    """What RE2 finds by the pattern as it is."""
    match = re2.compile(pattern).match(text)
    if match is None:
        return None
    return (match.group("task_code") or "") if "task_code" in match.re.groupindex else ""


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"(?P<task_code>#\d+)", "#12 more", "#12"),
        (r"(?P<task_code>#\d+)", "see #12", None),
        (r".*(?P<task_code>#\d+)", "see #12", "#12"),
        (r"(?P<task_code>#\d+)?", "no code", ""),
        (r"(?P<task_code>[Ää]-\d+).*", "Ä-7 größer 🙂", "Ä-7"),
        (r"(?i)meeting", "Meeting with Ann", ""),
        (r"a\.*", "a", ""),
        (r"", "anything", ""),
    ],
)
def test_a_pattern_is_matched_at_the_start_and_tells_the_code(pattern: str, text: str, found: str | None) -> None:
    assert Pattern(pattern).found(text) == found
    assert RememberingPattern(pattern).found(text) == found


@given(st.lists(st.sampled_from(PIECES), max_size=7).map("".join), texts)
def test_the_end_of_a_pattern_is_only_left_out_where_that_makes_no_difference(pattern: str, text: str) -> None:
    for candidate in (pattern, f"{pattern}.*"):
        try:
            compiled = Pattern(candidate)
        except PatternError:
            continue
        assert compiled.found(text) == plainly(candidate, text)


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", r"(a)\1", "(?P<x", "[b-a]"])
def test_what_is_no_pattern_is_refused_with_the_reason(pattern: str) -> None:
    with pytest.raises(PatternError, match=r"\w"):
        Pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?P<task_code>#\d+)|(?P<task_code>[A-Z]+-\d+)",
        "(?<task_code>a)|(?P<task_code>b)",
        r"\Qa(\E(?P<task_code>a)\\(?P<task_code>b)",
        "[]](?P<task_code>a)[^](]|(?P<task_code>b)",
        "[[:xdigit:](](?P<task_code>a)[[](?P<task_code>b)[]]",
        "(?P<Ä>a)(?P<Ä>b)",
    ],
)
def test_a_group_that_comes_twice_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match=r"the group (task_code|Ä) appears twice: put one group round the alt"):
        Pattern(pattern)


@pytest.mark.parametrize(
    "second",
    [
        "(?P<other>b)",
        r"\(?P<task_code>b\)?",
        r"\Q(?P<task_code>b)\E",
        r"\Q\(?P<task_code>b)",
        "[(?P<task_code>b)]",
        r"[\](?P<task_code>b)]",
        "[](?P<task_code>b)]",
        "[^](?P<task_code>b)]",
        "[[:xdigit:](?P<task_code>b)]",
        r"\\C",
        r"\Q\C\E",
    ],
)
def test_what_only_looks_like_a_group_or_a_byte_is_none(second: str) -> None:
    assert Pattern(f"(?P<task_code>a)|{second}").found("a") == "a"


@pytest.mark.parametrize("pattern", [r"\C", r"\\\C+", r"[a]\Q\\E\C"])
def test_single_bytes_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match=r"\\C is a byte"):
        Pattern(pattern)


def test_a_pattern_that_would_hang_others_takes_no_time() -> None:
    started = time.process_time()
    assert Pattern("(a+)+$").found("a" * 200_000 + "b") is None
    assert time.process_time() - started < 1


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MAX_REMEMBERED", 3)
    pattern = RememberingPattern("(?P<task_code>[0-9]+)")
    for number in [*range(10), *range(10)]:
        assert pattern.found(f"{number} / x") == str(number)
        assert len(pattern._remembered) <= 3
