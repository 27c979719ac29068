"""`generate_command` in a copy of this repository: every type, in a new domain and in one that is there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from filecmp import cmp
from pathlib import Path

import pytest

from backend.config.environment import ordinary
from tests.acceptance.processes import ROOT

GENERATE = """
import os, django
from django.core.management import call_command
os.environ["DJANGO_SETTINGS_MODULE"] = "backend.config.settings"
django.setup()
for app in ("stock", "collection"):
    for kind in ("import", "maintenance", "report", "integration"):
        call_command("generate_command", app, f"{kind}_{app}", "--type", kind)
    for kind in ("app", "text"):
        call_command("generate_command", app, f"{kind}_{app}", "--labels", kind)
call_command("generate_command", "collection", "tidy_names")
"""


class Clone:
    """The files of this repository in another folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, check=True, text=True,
        )  # fmt: skip
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        if (ROOT / ".mypy_cache").is_dir():  # else mypy takes a minute
            shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache", copy_function=shutil.copy2)

    def changed(self) -> list[str]:
        """The modules that this repository does not have, or not like this; without migrations."""
        modules = [
            path.relative_to(self.folder) for path in self.folder.rglob("*.py") if "migrations" not in path.parts
        ]
        return [str(name) for name in modules if not ((ROOT / name).is_file() and cmp(ROOT / name, self.folder / name))]

    def python(self, *words: str, **environment: str) -> str:
        """Run Python there, which has to succeed. Returns what it prints."""
        env = {**ordinary(os.environ), "NO_COLOR": "1", "PATH": os.environ["PATH"], **environment}
        done = subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    made = Clone(tmp_path)
    yield made
    for home in (tmp_path / ".upkeep").glob("tests*"):
        made.python("manage.py", "embedded", "stop", UPKEEP_HOME=str(home))


def test_what_is_generated_passes_the_check_and_its_own_tests(clone: Clone) -> None:
    told = clone.python("manage.py", "generate_command", "stock", "count_stock")
    assert "  tasks/stock/count_stock.py\n" in told
    assert '    ScheduleEntry("Count stock", "stock.count_stock", "0 3 * * *"),\n' in told
    clone.python("-c", GENERATE)

    clone.python("-m", "ruff", "format", "--check", ".")
    clone.python("-m", "ruff", "check", ".")
    changed = clone.changed()
    assert {"tasks/stock/count_stock.py", "tasks/collection/tidy_names.py"} < {*changed}
    clone.python("-m", "mypy", *changed)
    assert "Inside stock: models and connectors, kernel KEPT" in clone.python(
        "-c", "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    )
    clone.python("manage.py", "makemigrations", "--check", "--skip-checks", DATABASE_URL="sqlite://:memory:")
    generated = [
        "tests/integration/stock",
        *sorted(clone.folder.glob("tests/integration/collection/test_*_collection.py")),
    ]
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_architecture.py", *map(str, generated)]
    assert " passed" in clone.python(*words)
