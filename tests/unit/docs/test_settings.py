"""The page on the settings says what the code reads."""

import ast
import inspect
import re
from pathlib import Path

from backend.config import settings
from upkeep.conf import Options

PAGE = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")
LIBRARY, DEPLOYMENT = PAGE.split("\n## Variables of the deployment\n")


def meanings() -> dict[str, str]:
    """The docstring of each setting. Pydantic would read them in every process, which takes it 20 ms."""
    [options] = ast.parse(inspect.getsource(Options)).body
    assert isinstance(options, ast.ClassDef)
    return {
        field.target.id: docstring.value.value
        for field, docstring in zip(options.body, options.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(docstring, ast.Expr) and isinstance(docstring.value, ast.Constant)
        if isinstance(docstring.value.value, str)
    }


def test_the_table_has_every_setting_with_its_default_and_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(.+)` \| (.+) \|$", LIBRARY, re.MULTILINE)
    fields = Options.model_fields.items()
    assert rows == [(name, repr(field.default), meanings()[name]) for name, field in fields]


def test_the_table_of_the_deployment_has_every_variable_that_its_settings_read() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .*? \| [a-z, ]+ \| .*\|$", DEPLOYMENT, re.MULTILINE)
    assert sorted(rows) == sorted(settings.ENVIRONMENT_NAMES)
