"""The page on the system checks says what the code reports."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")


def test_the_table_has_every_check_of_the_library_once_in_order() -> None:
    listed = re.findall(r"^\| `(upkeep_\w+\.[EW]\d+)` \|", PAGE, re.MULTILINE)
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "upkeep").rglob("*.py")]
    reported = {found for source in sources for found in re.findall(r'"(upkeep_\w+\.[EW]\d+)"', source)}
    assert listed == sorted(reported)
