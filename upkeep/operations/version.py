"""Which code this process runs, as each attempt of a run records it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

from django.conf import ENVIRONMENT_VARIABLE, settings
from django.core.exceptions import ImproperlyConfigured

from upkeep.conf import conf

MAX_LENGTH = 100
COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
REFERENCE = "ref: "
PACKAGES = ("site-packages", "dist-packages")


def keep() -> None:
    """Look now which version this is, as Django starts: later, the files may be another one's."""
    with suppress(ImproperlyConfigured):  # which a check reports
        code_version()


def code_version() -> str:
    """`UPKEEP["VERSION"]`; else the git commit of the project's settings; else the version of the package they are in.

    Empty when there is none of these.
    """
    return conf().VERSION or found()


def exact_version() -> str:
    """The same; empty when the files of a checkout are not those of its commit, or git cannot tell."""
    version = code_version()
    return version if conf().VERSION or not COMMIT.fullmatch(version) or _is_checked_out(version) else ""


@cache
def _is_checked_out(commit: str) -> bool:
    name = settings.SETTINGS_MODULE or os.environ.get(ENVIRONMENT_VARIABLE, "")  # none where tests override settings
    file = getattr(sys.modules.get(name), "__file__", None)
    if not file:
        return False
    git = ["git", "-C", str(Path(file).parent)]
    try:
        said = [
            subprocess.run([*git, *command], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
            for command in (("rev-parse", "HEAD"), ("status", "--porcelain"))
        ]
    except (OSError, subprocess.CalledProcessError):
        return False
    return said == [commit, ""]


@cache
def found() -> str:
    """The same without the settings, as it was when this was first asked."""
    module = sys.modules.get(settings.SETTINGS_MODULE or "")
    file = getattr(module, "__file__", None)
    if module is None or not file:
        return ""
    folders = Path(file).resolve().parents
    installed = next((folder for folder in folders if folder.name in PACKAGES), None)
    try:
        return _of_package(module.__name__.partition(".")[0], installed) if installed else _of_checkout(folders)
    except (OSError, ValueError):  # it cannot be read
        return ""


def _of_package(name: str, installed: Path) -> str:
    """Name and version of the distribution that the package belongs to."""
    for called in (name, None):  # most have the name of their package, and to look at all takes 30 ms
        for distribution in metadata.distributions(name=called, path=[str(installed)]):
            if re.search(rf"^{re.escape(name)}/", distribution.read_text("RECORD") or "", re.MULTILINE):
                return f"{distribution.name} {distribution.version}"[:MAX_LENGTH]
    return ""


def _of_checkout(folders: Iterable[Path]) -> str:
    """The commit that is checked out in the nearest of the folders that is git's; read from its files, without git."""
    git = next((folder / ".git" for folder in folders if (folder / ".git").exists()), None)
    if git is None:
        return ""
    if git.is_file():  # a worktree or a submodule: the folder is elsewhere
        git = git.parent / git.read_text().removeprefix("gitdir:").strip()
    shared = git / (git / "commondir").read_text().strip() if (git / "commondir").is_file() else git
    head = (git / "HEAD").read_text().strip()
    if head.startswith(REFERENCE):
        head = _commit_of(head.removeprefix(REFERENCE), git, shared)
    return head if COMMIT.fullmatch(head) else ""


def _commit_of(reference: str, git: Path, shared: Path) -> str:
    """The commit of a branch, which is a file of its own or a line of `packed-refs`."""
    for folder in (git, shared):
        if (folder / reference).is_file():
            return (folder / reference).read_text().strip()
    packed = shared / "packed-refs"
    lines = packed.read_text().splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {reference}")), "")
