import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import override_settings

from upkeep.operations import version


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    """Nothing is known of what was asked before."""
    version.found.cache_clear()
    yield
    version.found.cache_clear()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project under git, with one commit and a file of settings."""
    project = tmp_path / "checkout"
    (project / "shop").mkdir(parents=True)
    (project / "shop" / "settings.py").touch()
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "first")
    return project


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def code_of(monkeypatch: pytest.MonkeyPatch, file: Path, **upkeep: Any) -> str:
    """The version of a project with its settings in that file."""
    module = ModuleType("shop.settings")
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "shop.settings", module)
    with override_settings(SETTINGS_MODULE="shop.settings", UPKEEP=upkeep):
        return version.code_version()


def test_it_is_the_commit_that_is_checked_out(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> None:
    assert code_of(monkeypatch, checkout / "shop" / "settings.py") == git(checkout, "rev-parse", "HEAD")


@pytest.mark.parametrize("command", [("pack-refs", "--all"), ("checkout", "-q", "--detach"), ("gc", "-q")])
def test_however_git_keeps_the_commit(monkeypatch: pytest.MonkeyPatch, checkout: Path, command: tuple[str]) -> None:
    git(checkout, *command)
    assert code_of(monkeypatch, checkout / "shop" / "settings.py") == git(checkout, "rev-parse", "HEAD")


def test_of_a_worktree_and_of_a_submodule_too(monkeypatch: pytest.MonkeyPatch, checkout: Path, tmp_path: Path) -> None:
    git(checkout, "worktree", "add", "-q", "-b", "other", str(tmp_path / "worktree"))
    assert code_of(monkeypatch, tmp_path / "worktree" / "shop" / "settings.py") == git(checkout, "rev-parse", "HEAD")
    version.found.cache_clear()
    whole = tmp_path / "whole"
    whole.mkdir()
    git(whole, "init", "-q")
    git(whole, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(checkout), "inner")
    assert code_of(monkeypatch, whole / "inner" / "shop" / "settings.py") == git(checkout, "rev-parse", "HEAD")


def test_a_commit_made_later_does_not_change_what_this_process_runs(
    monkeypatch: pytest.MonkeyPatch, checkout: Path
) -> None:
    before = code_of(monkeypatch, checkout / "shop" / "settings.py")
    git(checkout, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "next")
    assert code_of(monkeypatch, checkout / "shop" / "settings.py") == before != git(checkout, "rev-parse", "HEAD")


def test_the_setting_goes_before_what_is_found(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> None:
    assert code_of(monkeypatch, checkout / "shop" / "settings.py", VERSION="2026-11") == "2026-11"


@pytest.mark.parametrize("distribution", ["shop", "corner-shop"])
def test_an_installed_project_has_the_version_of_its_package_whatever_repository_is_around_it(
    monkeypatch: pytest.MonkeyPatch, checkout: Path, distribution: str
) -> None:
    packages = checkout / ".venv" / "lib" / "site-packages"
    for name, number, files in (("another", "1", "another/shop/a.py"), (distribution, "4.2", "shop/settings.py")):
        info = packages / f"{name.replace('-', '_')}-{number}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")
        (info / "RECORD").write_text(f"{files},,\n")
    assert code_of(monkeypatch, packages / "shop" / "settings.py") == f"{distribution} 4.2"


@pytest.mark.parametrize(
    "head", [None, "", "ref: refs/heads/unborn", "ref: refs/heads/.invalid", "nonsense", "\xff\x00"]
)
def test_without_any_of_these_it_is_empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, head: str | None) -> None:
    if head is not None:
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "HEAD").write_text(head, encoding="latin-1")
    assert code_of(monkeypatch, tmp_path / "shop" / "settings.py") == ""


def test_settings_without_a_module_have_none() -> None:
    with override_settings(SETTINGS_MODULE=None, UPKEEP={}):
        assert version.code_version() == ""
