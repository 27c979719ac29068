"""The page on the life of a run says what the code enforces."""

import re
from pathlib import Path

from upkeep.operations.states import ENDED, RESUMABLE, TRANSITIONS

PAGE = (Path(__file__).parents[3] / "docs" / "life-of-a-run.md").read_text(encoding="utf-8")


def test_the_drawing_has_every_transition_and_no_other() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+)$", PAGE, re.MULTILINE))
    assert drawn == {(before.value, after.value) for before, after in TRANSITIONS}


def test_the_drawing_ends_where_no_transition_leads_on() -> None:
    assert set(re.findall(r"^    (\w+) --> \[\*\]$", PAGE, re.MULTILINE)) == {end.value for end in ENDED - RESUMABLE}


def test_the_table_gives_the_reason_of_every_transition() -> None:
    rows = re.findall(r"^\| (\w+) \| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)
    told = {(before, after): reason for before, after, reason in rows if before != "from"}
    assert told == {(before.value, after.value): reason for (before, after), reason in TRANSITIONS.items()}
