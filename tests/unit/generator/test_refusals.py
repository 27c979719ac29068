"""What `generate_command` refuses: in one line, and nothing is written."""

import os
from pathlib import Path
from typing import Any

import pytest

from backend.config import layout as product
from tests.operations import scripted  # noqa: F401 - declares `testing.scripted_result`
from upkeep.generator import writing
from upkeep.generator.generation import Generation
from upkeep.generator.layout import Layout
from upkeep.operations.errors import OperationError


def generation(root: Path, app: str = "shop", name: str = "sync_prices", **options: Any) -> Generation:
    """A new operation in a project in that folder."""
    return Generation(Layout(root), app, name, **options)


def refusal(root: Path, *names: str, **options: Any) -> str:
    """The line; nothing is written."""
    before = sorted(root.rglob("*"))
    with pytest.raises(OperationError) as refused:
        generation(root, *names, **options).write()
    assert sorted(root.rglob("*")) == before
    line = str(refused.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Sync-It", "NAME 'Sync-It' is not a word of lower-case letters, digits and _: did you mean 'sync_it'?"),
        ("2fast", "NAME '2fast' is not a word of lower-case letters, digits and _: did you mean 'fast'?"),
        ("", "NAME '' is not a word of lower-case letters, digits and _"),
        ("prices\n", "NAME 'prices\\n' is not a word of lower-case letters, digits and _: did you mean 'prices'?"),
        ("../../etc", "NAME '../../etc' is not a word of lower-case letters, digits and _: did you mean 'etc'?"),
        ("import", "NAME 'import' is a keyword of Python: choose another one"),
        ("x" * 41, "NAME 'xxxxxxxxxxxxxxxxxxxx'… has 41 characters: at most 40"),
        ("migrate", "NAME 'migrate' is taken: there is a command of that name in tasks"),
        ("flush", "NAME 'flush' is taken: there is a command of that name in Django"),
        ("runs", "NAME 'runs' is taken: there is a command of that name in upkeep.operations"),
        ("make_users", "NAME 'make_users' is taken: there is a command of that name in tasks"),
        ("scripted_result", "NAME 'scripted_result' is taken by the operation testing.scripted_result"),
        ("list", "NAME 'list' is taken: it would hide what Python has by that name"),
        ("exception", "NAME 'exception' is taken: it would hide what Python has by that name"),
        ("test_prices", "NAME 'test_prices' is taken: in a module of that name no operation is found"),
        ("migrations", "NAME 'migrations' is taken: in a module of that name no operation is found"),
        ("plan", "NAME 'plan' is taken: the code of the operation has 'plan' already"),
        ("change", "NAME 'change' is taken: the code of the operation has "),
        ("item", "NAME 'item' is taken: the code of the operation has "),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_or_is_taken(tmp_path: Path, name: str, line: str) -> None:
    assert refusal(tmp_path, "shop", name).startswith(line)


@pytest.mark.parametrize(
    ("app", "line"),
    [
        ("my-shop", "APP 'my-shop' is not a word of lower-case letters, digits and _: did you mean 'my_shop'?"),
        ("class", "APP 'class' is a keyword of Python: choose another one"),
        ("auth", "APP 'auth' is taken: django.contrib.auth is not an app of this project"),
        ("tests", "APP 'tests' is taken: it is the package of the settings"),
        ("json", "APP 'json' is taken: Python has a module of that name"),
    ],
)
def test_an_app_that_cannot_be_or_is_taken(tmp_path: Path, app: str, line: str) -> None:
    assert refusal(tmp_path, app) == line


def test_an_app_of_this_repository_that_is_not_a_domain() -> None:
    for app, holder in (("admin", "django.contrib.admin"), ("tasks", "tasks")):
        with pytest.raises(OperationError, match=f"APP '{app}' is taken: {holder} is not a domain"):
            Generation(product.Layout(), app, "sync_prices")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"type": "imprt"}, "unknown --type 'imprt': did you mean 'import'?"),
        ({"type": "x"}, "unknown --type 'x': choose from base, import, maintenance, report, integration"),
        ({"labels": "apps"}, "unknown --labels 'apps': did you mean 'app'?"),
        ({"labels": "text", "type": "report"}, "--labels is for --type base, not report"),
        ({"description": "one\ntwo"}, "--description is one line of at most 100 characters"),
        ({"description": 'quotes """'}, "--description is one line of at most 100 characters"),
    ],
)
def test_options_that_cannot_be(tmp_path: Path, options: dict[str, str], line: str) -> None:
    assert refusal(tmp_path, **options).startswith(line)


def test_a_folder_of_that_name_that_is_not_an_installed_app(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    advice = "add it there if it is an app, remove it if an earlier try left it, or choose another name"
    assert refusal(tmp_path) == f"APP 'shop': shop is there, but not in INSTALLED_APPS: {advice}"


def test_files_that_are_there_already(tmp_path: Path) -> None:
    made = generation(tmp_path)
    for path in (tmp_path / "shop" / "operations" / "sync_prices.py", tmp_path / "shop" / "test_sync_prices.py"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine", encoding="utf-8")
    with pytest.raises(
        OperationError, match=r"^shop/operations/sync_prices.py, shop/test_sync_prices.py: already there"
    ):
        writing.check(made.files, tmp_path)
    with pytest.raises(OperationError, match=r"sync_prices.py: File exists; nothing was written$"):
        made.write()  # which came in between
    assert sorted(path.name for path in tmp_path.rglob("*.py")) == ["sync_prices.py", "test_sync_prices.py"]
    assert {path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.py")} == {"mine"}


def test_a_module_in_the_place_of_the_package_of_operations(tmp_path: Path) -> None:
    made = generation(tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "operations.py").touch()
    line = r"^shop/operations.py is a module: move it to shop/operations/__init__.py first; nothing was written$"
    with pytest.raises(OperationError, match=line):
        writing.check(made.files, tmp_path)


def test_a_folder_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != tmp_path)  # root may write anywhere
    assert refusal(tmp_path) == f"{tmp_path} cannot be written to; nothing was written"


def test_a_write_that_fails_in_the_middle_leaves_all_as_it_was(tmp_path: Path) -> None:
    settings = tmp_path / "settings.py"
    settings.write_text("before", encoding="utf-8")
    made = generation(tmp_path)
    files = {**made.files, tmp_path / ("x" * 300): ""}  # no file system has such names
    with pytest.raises(OperationError, match="File name too long; nothing was written"):
        writing.write(files, {})
    assert [*tmp_path.iterdir()] == [settings]
    with pytest.raises(OperationError, match="nothing was written"):
        writing.write(made.files, {settings: "after", tmp_path / "gone": ""})
    assert [*tmp_path.iterdir()] == [settings]
    assert settings.read_text(encoding="utf-8") == "before"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_file_that_has_to_be_changed_and_cannot(tmp_path: Path) -> None:
    settings = tmp_path / "settings.py"
    settings.touch(mode=0o444)
    with pytest.raises(OperationError, match=r"settings.py: Permission denied; nothing was written"):
        writing.write(generation(tmp_path).files, {settings: "after"})
    assert [*tmp_path.iterdir()] == [settings]
