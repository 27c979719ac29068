"""Writes many files, or none."""

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from pathlib import Path

from upkeep.operations.errors import OperationError

NOTHING = "nothing was written"


def check(files: Collection[Path], root: Path) -> None:
    """Raise OperationError when one of the files is there already, or could not be written."""
    there = [str(path.relative_to(root)) for path in files if os.path.lexists(path)]
    if there:
        advice = "perhaps from an earlier try; remove it or choose another name"
        raise OperationError(f"{', '.join(there)}: already there, {advice}; {NOTHING}")
    for folder in sorted({parent for path in files for parent in path.relative_to(root).parents}):
        package = root / folder
        if (module := package.with_suffix(".py")).is_file():
            moved = f"{folder}/__init__.py"
            raise OperationError(f"{module.relative_to(root)} is a module: move it to {moved} first; {NOTHING}")
        if package.exists() and not (package.is_dir() and os.access(package, os.W_OK)):
            raise OperationError(f"{package} cannot be written to; {NOTHING}")


def missing_packages(files: Collection[Path], root: Path) -> list[Path]:
    """The `__init__.py` of each folder that will be made for the files."""
    folders = {parent for path in files for parent in path.relative_to(root).parents}
    return sorted(root / folder / "__init__.py" for folder in folders if not (root / folder).exists())


def write(files: Mapping[Path, str], edits: Mapping[Path, str]) -> None:
    """Write new files, then other texts into those that are there.

    Raises:
        OperationError: one of them cannot be written, and all is as it was before.
    """
    with ExitStack() as undo:
        try:
            for path, text in files.items():
                _make_folders(path.parent, undo)
                with path.open("x", encoding="utf-8") as file:
                    undo.callback(path.unlink)
                    file.write(text)
            for path, text in edits.items():
                with path.open("r+", encoding="utf-8") as file:
                    undo.callback(path.write_bytes, path.read_bytes())
                    file.write(text)
                    file.truncate()
        except OSError as error:
            raise OperationError(f"{error.filename}: {error.strerror}; {NOTHING}") from error
        undo.pop_all()


def tidy(files: Collection[Path]) -> None:
    """Format the files as the project formats its own, where it has ruff."""
    beside = str(Path(sys.executable).parent)
    if ruff := shutil.which("ruff", path=os.pathsep.join([beside, os.environ.get("PATH", "")])):
        for command in (["check", "--quiet", "--select=I", "--fix"], ["format", "--quiet"]):
            subprocess.run([ruff, *command, *map(str, files)], check=False, capture_output=True)  # noqa: S603 - no words of others


def _make_folders(folder: Path, undo: ExitStack) -> None:
    if not folder.exists():
        _make_folders(folder.parent, undo)
        folder.mkdir()
        undo.callback(folder.rmdir)
