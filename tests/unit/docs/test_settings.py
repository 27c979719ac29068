"""The page on the settings says what the code reads."""

import re
from pathlib import Path

from upkeep.conf import Options

PAGE = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")


def test_the_table_has_every_setting_with_its_default_and_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(.+)` \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [(name, repr(field.default), field.description) for name, field in Options.model_fields.items()]
