"""Operations in a project that installs the library, each command a process of its own."""

from pathlib import Path
from typing import Any

from tests.projects import FILES, project

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "upkeep.operations", "people", "goods"]
CALLED = """
from django.core.management import call_command, get_commands
print(get_commands()["sync_prices"])
call_command("sync_prices", limit=3)
call_command("sync_prices", "--limit=3", "--json")
"""
PACKAGE = {
    "goods/operations.py": None,
    "goods/operations/__init__.py": "",
    "goods/operations/nightly/__init__.py": "",
    "goods/operations/nightly/prices.py": FILES["goods/operations.py"],
    "goods/operations/nightly/test_prices.py": "raise AssertionError('a test is not an operation')",
    "goods/operations/tests/__init__.py": "raise AssertionError('a test is not an operation')",
}


def test_an_operation_has_a_command_without_a_module_for_it(tmp_path: Path, database: dict[str, Any]) -> None:
    made = project(tmp_path, DATABASES={"default": database})
    assert "\n[goods]\n    sync_prices\n" in made.manage("help").stdout
    for words in (["help", "sync_prices"], ["sync_prices", "--help"]):
        told = made.manage(*words).stdout
        assert "Fetch the prices." in told
        assert "--limit N" in told
        assert "At most this many." in told
    assert "Did you mean sync_prices?" in made.manage("sync_price").stderr
    made.migrate("people")
    assert made.manage("makemigrations", "--check").stdout == "No changes detected\n"
    app, summary, *rest = made.manage("shell", "--no-imports", "-c", CALLED).stdout.splitlines()
    assert (app, summary.split(" in ")[0]) == ("goods", "goods.sync_prices succeeded")
    assert '"status": "succeeded"' in rest[-1]


def test_a_package_of_operations_is_imported_without_its_tests(tmp_path: Path) -> None:
    made = project(tmp_path, {name: text for name, text in PACKAGE.items() if text is not None})
    (tmp_path / "goods" / "operations.py").unlink()
    done = made.manage("run_task")
    assert (done.stdout, done.stderr) == ("goods.sync_prices  Fetch the prices.\n", "")


def test_without_the_worker_s_app_operations_run_here_and_who_sends_one_is_told_why(
    tmp_path: Path, database: dict[str, Any]
) -> None:
    made = project(tmp_path, {"shop/__init__.py": ""}, INSTALLED_APPS=APPS, DATABASES={"default": database})
    made.migrate("people")
    assert made.manage("sync_prices").stdout.startswith("goods.sync_prices succeeded")
    for words in (["sync_prices", "--enqueue"], ["run_task", "sync_prices"], ["sync_prices", "--wait"]):
        done = made.manage(*words)
        assert done.returncode == 1
        assert done.stdout == ""
        [line] = done.stderr.splitlines()
        assert line.startswith("CommandError: this project has no workers: add 'upkeep.worker' to INSTALLED_APPS")
    assert made.manage("runs", "--json").stdout.count("goods.sync_prices") == 1


def test_a_module_for_the_command_goes_before_the_one_that_is_made(tmp_path: Path) -> None:
    shim = """
from goods.operations import sync_prices
from upkeep.operations import OperationCommand
class Command(OperationCommand):
    operation = sync_prices
    help = "Ours."
"""
    made = project(
        tmp_path,
        {
            "goods/management/__init__.py": "",
            "goods/management/commands/__init__.py": "",
            "goods/management/commands/sync_prices.py": shim,
        },
        UPKEEP={"SHIMS": "required"},
    )
    assert made.manage("check").stderr == ""
    assert "Ours." in made.manage("sync_prices", "--help").stdout
