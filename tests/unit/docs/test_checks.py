"""The page on the system checks says what the code reports."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")


def test_the_tables_have_every_check_once() -> None:
    listed = re.findall(r"^\| `(\w+\.[EW]\d+)` \|", PAGE, re.MULTILINE)
    sources = [
        path.read_text(encoding="utf-8") for room in ("upkeep", "backend") for path in (ROOT / room).rglob("*.py")
    ]
    reported = {found for source in sources for found in re.findall(r'"(?!security)(\w+\.[EW]\d{3})"', source)}
    assert sorted(listed) == sorted(reported)
