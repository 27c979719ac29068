"""The README's own steps, in a project that Django just made: what a newcomer copies works."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

from django.core.management import call_command

from tests import warm
from tests.projects import ROOT, Project

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n *# (\S+\.py)\n(.*?)```", README, re.DOTALL)
LAST = README[README.index("5. Run it") : README.index("## Read on")]
LINES = [shlex.split(line, comments=True) for line in re.findall(r"^ +((?:python|celery) .*)$", LAST, re.MULTILINE)]
MAKE = (
    "from datetime import timedelta; from django.contrib.auth.models import User;"
    "from django.utils.timezone import now;"
    "[User.objects.create(username=f'user{n}', last_login=now() - timedelta(days=200 * n)) for n in range(4)]"
)


@contextmanager
def started(project: Project, words: list[str]) -> Iterator[None]:
    """A Python module of the project's, until the end of the block. It need not be ready at once: `--wait` waits."""
    command, quiet = [sys.executable, "-m", *words], subprocess.DEVNULL
    with warm.Popen(command, cwd=project.folder, env=project.environment, stdout=quiet, stderr=quiet) as process:
        try:
            yield
        finally:
            process.terminate()


def run(project: Project, line: list[str], *options: str) -> str:
    """Run this line of the last step, which has these options. Returns its stdout."""
    python, *words = line
    assert (python, words[2:]) == ("python", list(options))
    done = project.python(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_steps_of_the_readme_work_in_a_new_project(
    tmp_path: Path, database: dict[str, Any], redis_url: str
) -> None:
    call_command("startproject", "shop", tmp_path)
    made, files = Project(tmp_path), {name: dedent(text) for name, text in BLOCKS}
    assert list(files) == ["shop/settings.py", "shop/celery.py", "shop/__init__.py", "accounts/operations.py"]
    settings = (tmp_path / "shop" / "settings.py").read_text(encoding="utf-8") + 'INSTALLED_APPS += ["accounts"]\n'
    made.write({**files, "accounts/__init__.py": "", "shop/settings.py": settings + files["shop/settings.py"]})
    made.set(DATABASES={"default": database}, CELERY_BROKER_URL=redis_url)

    lines = iter(LINES)
    assert "upkeep_operations" in run(made, next(lines))
    assert made.manage("shell", "--verbosity", "0", "--command", MAKE).stderr == ""
    assert "--days N" in run(made, next(lines), "--help")
    assert "updated user2: is_active: True → False" in run(made, next(lines), "--dry-run", "--verbose")
    assert "2 processed: 2 updated" in run(made, next(lines))
    assert run(made, next(lines)).count("deactivate_users") == 2
    celery, *words = next(lines)
    with started(made, [celery, *words]):
        assert "0 processed" in run(made, next(lines), "--wait")
        assert run(made, next(lines)) == "nothing is wrong\n"
    assert list(lines) == []
