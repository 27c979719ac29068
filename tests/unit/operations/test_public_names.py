"""What authors import from `upkeep.operations` itself."""

import ast
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from upkeep import operations

ROOT = Path(__file__).parents[3]
DECLARED = """
from upkeep.operations import Params, Positional, RunContext, ScheduleEntry, Change, Limits, OperationError, operation
class Nothing(Params): pass
@operation("goods.sync_prices")
def sync_prices(params: Nothing, run: RunContext) -> None:
    "Fetch the prices."
import sys
print(sync_prices.summary, *(name for name in sys.modules if name.startswith(("celery", "upkeep.operations.models"))))
"""


@pytest.mark.parametrize("name", operations.MODULES)
def test_a_public_name_is_that_of_its_module(name: str) -> None:
    module = import_module(f"upkeep.operations.{operations.MODULES[name]}")
    assert getattr(operations, name) is getattr(module, name)
    assert name in dir(operations)


def test_type_checkers_see_the_same_names() -> None:
    assert operations.__file__
    tree = ast.parse(Path(operations.__file__).read_text(encoding="utf-8"))
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname: str(node.module).removeprefix("upkeep.operations.")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == operations.MODULES


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match=r"module 'upkeep\.operations' has no attribute 'opperation'"):
        getattr(operations, "opperation")  # noqa: B009 - type checkers know that it is not there


def test_an_operation_is_declared_before_django_is_set_up() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment["PYTHONPATH"] = "."
    command = [sys.executable, "-c", DECLARED]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout) == ("", "Fetch the prices.\n")


def test_no_module_takes_a_public_name() -> None:
    """Python sets a module that is imported as an attribute of its package."""
    assert operations.__file__
    assert [name for name in operations.MODULES if Path(operations.__file__).with_name(f"{name}.py").exists()] == []
