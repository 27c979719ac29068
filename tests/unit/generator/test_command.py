"""The command: bad input is one line and the exit code of a usage error; what it would write is shown."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings


def shown(*words: str) -> str:
    out = StringIO()
    call_command("generate_command", *words, "--dry-run", stdout=out)
    return out.getvalue()


def test_a_dry_run_shows_the_files() -> None:
    assert shown("collection", "sort_shelves") == (
        "Would write:\n"
        "  tasks/collection/sort_shelves.py\n"
        "  tasks/management/commands/sort_shelves.py\n"
        "  tests/integration/collection/test_sort_shelves.py\n"
        "It goes through the rows of DVD in backend.collection.models.\n"
    )
    assert shown("shop", "sort_shelves").startswith("Would write, with the new app shop:\n  backend/shop/__init__.py\n")
    assert "Did you mean" not in shown("shop", "sort_shelves")
    assert "\nDid you mean the app collection?\n" in shown("colection", "sort_shelves")


def test_bad_input_is_one_line() -> None:
    with pytest.raises(
        CommandError, match=r"^NAME 'migrate' is taken: there is a command of that name in tasks$"
    ) as told:
        shown("collection", "migrate")
    assert told.value.returncode == 2


def test_a_layout_that_leads_nowhere_is_one_line(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "LAYOUT": "backend.config.layout.Lay"}
    with pytest.raises(
        CommandError, match=r'^UPKEEP\["LAYOUT"\] leads nowhere: Module "backend.config.layout" does not'
    ):
        shown("collection", "sort_shelves")
