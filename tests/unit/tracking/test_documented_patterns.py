import re
from pathlib import Path

import pytest

from backend.tracking.kernel.patterns.pattern import Pattern

DOCS = Path(__file__).parents[3] / "docs"
EXAMPLES = re.findall(r"text_pattern: '(.*task_code.*?)'", (DOCS / "organization.example.yaml").read_text("utf-8"))
PATTERNS = [*EXAMPLES, *re.findall(r"`(.*task_code>.*?)`", (DOCS / "tracking.md").read_text("utf-8"))]


def test_there_are_documented_patterns() -> None:
    assert len(PATTERNS) >= 4


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("before", ["", "on the first line: ", "nothing here\n\n- ", "\n"])
def test_documented_patterns_take_the_first_code_of_a_text_with_several_lines(pattern: str, before: str) -> None:
    first, second = ("APP-12", "APP-13") if "APP" in pattern else ("#12", "#13")
    assert Pattern(pattern).found(f"{before}{first}, then {second}\nand {second}") == first
