"""The examples in `--help`: every operation of ours has some, and each does what it says, in a dry run at least."""

import shlex
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from tests.servers import ollama
from tests.unit.test_architecture import OPERATIONS
from upkeep import testing
from upkeep.operations import Operation, Params
from upkeep.operations.command import OperationCommand
from upkeep.operations.errors import InvalidParamsError, NotConfiguredError
from upkeep.operations.models import Run
from upkeep.testing.servers.threads import serving

FILES = {
    "dvds.csv": "title\nHeat\n",
    "users.csv": "username\nann\n",
    "example.yaml": "organization: {code: example, name: Example, timezone: UTC}\n",
}
"""What the examples read, and their params only name."""
SUFFIXES = {Path(name).suffix for name in FILES}
WORKER_ONLY = {"--enqueue", "--wait"}
PREVIEWED = [
    pytest.param(operation, line, id=f"{operation.short_name} {line}".strip())
    for operation in OPERATIONS
    for line, _ in operation.examples
    if operation.has_dry_run or operation.read_only
]


@pytest.fixture
def _surroundings(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The files, an Ollama without models, and catalogues that nobody needs to ask: there are no DVDs."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    settings.MEDIA_ROOT = tmp_path
    settings.CACHES = {name: fields | {"LOCATION": tmp_path / name} for name, fields in settings.CACHES.items()}
    settings.TMDB_API_KEY, settings.YTS_API_URL = "of a test", "http://127.0.0.1:1"
    settings.REPORT_USERNAME, settings.REPORT_PASSWORD = "of_a_test", "secret"
    with serving(ollama.Catalogue()) as server:
        settings.OLLAMA_URL = server.url
        yield


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_has_examples_and_a_help_that_fits_a_terminal(
    operation: Operation[Params], monkeypatch: pytest.MonkeyPatch
) -> None:
    testing.assert_examples_valid(operation)
    monkeypatch.setenv("COLUMNS", "80")
    command = type("Command", (OperationCommand,), {"operation": operation})()
    text = command.create_parser("manage.py", operation.short_name).format_help()
    _, examples = text.split("\nexamples:\n")
    assert f"  manage.py {operation.short_name}" in examples
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.usefixtures("db", "_surroundings")
@pytest.mark.parametrize(("operation", "line"), PREVIEWED)
def test_an_example_can_be_previewed(operation: Operation[Params], line: str) -> None:
    if "demo" in line:
        call_command("make_demo_organization", "--tasks=6", "--work-entries=60", verbosity=0)
        if operation.name.startswith("search."):
            call_command("update_search", "demo", verbosity=0)
    if operation.name == "reports.make_report_user":
        call_command("make_reports", verbosity=0)
    words = dict.fromkeys(word for word in shlex.split(line) if word not in WORKER_ONLY)
    if lacking := _lacking(operation, [*words]):
        pytest.skip(f"of a new operation: add {lacking} to this test's surroundings")
    preview = {} if operation.read_only else {"--dry-run": None}
    call_command(operation.short_name, *(words | preview), stdout=StringIO(), stderr=StringIO())
    run = Run.objects.latest("created_at")
    assert (run.operation, run.status) == (operation.name, "succeeded")


def _lacking(operation: Operation[Params], words: list[str]) -> str:
    """What an operation that somebody just generated wants, and the surroundings lack: a file or a setting."""
    read = [word for before, word in pairwise(["", *words]) if before != "--output" and Path(word).suffix in SUFFIXES]
    if missing := [name for name in read if name not in FILES]:
        return missing[0]
    with suppress(InvalidParamsError):  # without those that it must be given
        try:
            operation.check_configured(operation.parse({}))
        except NotConfiguredError as error:
            return f"a setting ({error.reason})"
    return ""
