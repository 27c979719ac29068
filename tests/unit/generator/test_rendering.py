"""What is written, for names of every length."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps

from backend.config import layout as product
from upkeep.generator import names, pieces, subjects, writing
from upkeep.generator.generation import Generation
from upkeep.generator.layout import Layout, registered

ROOT = Path(__file__).parents[3]
KINDS = [*({"type": kind} for kind in pieces.TYPES), *({"labels": kind} for kind in pieces.LABELS)]
LENGTHS = {"abc": "xyz", "shop": "sync_prices", "a" * 15 + "_" + "b" * 14: "sync_" + "c" * 25, "d" * 40: "e" * 40}
PLACEHOLDERS = re.compile(r"(?i)verb_?object|upkeep\.generator|\bdomain\b")


def test_it_has_the_style_of_this_repository_however_long_the_names_are(tmp_path: Path) -> None:
    pairs = [*LENGTHS.items(), *((app, name) for app in ("accounts", "collection") for name in LENGTHS.values())]
    for app, name in pairs:
        for number, kind in enumerate(KINDS):
            made = Generation(product.Layout(), app, f"{name[:-2]}{number}x", description="Do something", **kind)
            for path, text in made.files.items():
                copied = tmp_path / path.relative_to(ROOT)
                copied.parent.mkdir(parents=True, exist_ok=True)
                copied.write_text(text, encoding="utf-8")
                assert not PLACEHOLDERS.search(text), path
    for folder in [path for path in tmp_path.rglob("*") if path.is_dir()]:
        (folder / "__init__.py").touch()
    ours = '[tool.ruff.lint.isort]\nknown-first-party = ["backend", "tasks", "tests", "upkeep"]\n'
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8") + ours)
    style(tmp_path, "format", "--check", "--diff")  # also where there is no ruff
    writing.tidy(list(tmp_path.rglob("*.py")))
    style(tmp_path, "format", "--check", "--diff")
    style(tmp_path, "check", "--output-format=concise")


def style(folder: Path, *words: str) -> None:
    """Fail when ruff finds fault with the files in the folder."""
    command = [sys.executable, "-m", "ruff", *words, "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: next(iter(kind.values())))
def test_each_piece_of_a_new_app_is_in_the_folder_of_the_app(tmp_path: Path, kind: dict[str, str]) -> None:
    made = Generation(Layout(tmp_path), "shop", "sync_prices", **kind)
    files = {str(path.relative_to(tmp_path)) for path in made.files}
    assert files >= {
        "shop/__init__.py",
        "shop/apps.py",
        "shop/models.py",
        "shop/migrations/0001_initial.py",
        "shop/operations/__init__.py",
        "shop/operations/sync_prices.py",
        "shop/test_sync_prices.py",
    }
    assert ("shop/kernel/sync_prices.py" in files) == (kind.get("type") in ("import", "integration"))
    assert ("shop/connectors/sync_prices.py" in files) == (kind.get("type") == "integration")


def test_the_description_is_the_first_line_of_the_docstring(tmp_path: Path) -> None:
    made = Generation(Layout(tmp_path), "shop", "sync_prices", description=" take over the prices ")
    assert '    """Take over the prices."""\n' in made.files[tmp_path / "shop" / "operations" / "sync_prices.py"]


def test_an_operation_goes_through_a_model_of_its_app_of_which_rows_can_be_made() -> None:
    def subject(app: str, kind: str) -> tuple[str, ...]:
        found = subjects.found(apps.get_app_config(app), needs=pieces.TYPES[kind], used=())
        assert found
        return found[1:]

    assert subject("collection", "maintenance") == ("DVD", "name", "box_set_name", "created_at")
    assert subject("accounts", "import") == ("User", "username", "first_name", "date_joined")
    assert subject("tracking", "import") == ("Organization", "code", "name", "")
    assert subject("tracking", "maintenance")[0] == "User"  # none of its own has a time


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('INSTALLED_APPS = [\n    "a",  # why\n]\n', 'INSTALLED_APPS = [\n    "a",  # why\n    "shop",\n]\n'),
        ("INSTALLED_APPS = [\n    'a'\n]", "INSTALLED_APPS = [\n    'a',\n    'shop',\n]"),
        ('INSTALLED_APPS = ["ä", "b"]', 'INSTALLED_APPS = ["ä", "b", "shop"]'),
        ('INSTALLED_APPS = ["a", *MORE]\n', 'INSTALLED_APPS = ["a", "shop", *MORE]\n'),
        ('INSTALLED_APPS = BASE + ["a"]\n', None),
        ("INSTALLED_APPS = []\n", None),
        ("from base import *\n", None),
    ],
)  # fmt: skip
def test_a_new_app_is_registered_where_the_settings_list_the_apps(before: str, after: str | None) -> None:
    assert registered(before, "shop") == after


def test_a_new_domain_is_registered_beside_the_others() -> None:
    apps_before_tasks = registered('INSTALLED_APPS = [\n    "backend.a",\n    "tasks",\n]', "backend.shop")
    assert apps_before_tasks == 'INSTALLED_APPS = [\n    "backend.a",\n    "backend.shop",\n    "tasks",\n]'


def test_a_new_domain_has_the_import_contracts_of_the_others() -> None:
    text = product.with_contracts((ROOT / "pyproject.toml").read_text(encoding="utf-8"), "shop")
    contracts = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    listed = [
        contract[key]
        for contract in contracts
        for key in ("modules", "source_modules", "ignore_imports")
        if any("backend.tracking" in (name, name.split(".** ->")[0]) for name in contract.get(key, ()))
    ]
    assert len(listed) >= 4
    assert all(any(name.split(".** ->")[0] == "backend.shop" for name in names) for names in listed)
    assert contracts[-1]["name"] == "Inside shop: models and connectors, kernel"


def test_a_name_is_that_of_a_class() -> None:
    assert [names.class_name(name) for name in ("abc", "sync_prices", "a__2b_")] == ["Abc", "SyncPrices", "A2b"]
