"""The tutorial, followed from its first line to its last: each file is written, each command is run, in this order."""

import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.acceptance.projects.test_readme import started
from tests.projects import ROOT, Project
from upkeep.embedded import postgres, redis

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
INSTALLED = 4
"""Lines at the beginning that install the library in a venv: `make acceptance` does that."""
SHOW = (
    "from django_celery_beat.models import PeriodicTask; entry = PeriodicTask.objects.get(name='Tidy codes at night');"
    "print(entry.task, entry.crontab.hour)"
)
VARIABLE = (r"\b[0-9a-f]{8}\b", r"\d{4}-\d\d-\d\d \d\d:\d\d", r"\d+\.\d s")
"""What differs from run to run: ids, times, seconds."""


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Project]:
    """Her folder, in which nothing is left running."""
    yield Project(tmp_path)
    home = tmp_path / ".upkeep"
    postgres.stop(home)
    redis.stop(home)


def lasting(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern in VARIABLE:
        text = re.sub(pattern, "…", text)
    return text


def write(project: Project, block: str) -> None:
    """Write the file that the block's first line names, or add to it."""
    heading, _, text = block.partition("\n")
    name, _, place = heading.removeprefix("# ").partition(", ")
    path = project.folder / name
    before = path.read_text(encoding="utf-8") if place == "at the end" else ""
    project.write({name: before + text})


def run(project: Project, line: str, background: ExitStack) -> str:
    """Run the line as a shell would; what does not end by itself goes on in the background. Returns its output."""
    program, *words = shlex.split(line, comments=True)
    if program == "celery":
        background.enter_context(started(project, [program, *words]))
        return ""
    assert program == "python"
    done = project.python(*words)
    assert done.returncode == 0, f"{line}: {done.stderr}"
    return done.stdout + done.stderr


def follow(project: Project, blocks: Iterable[tuple[str, str]], background: ExitStack) -> None:
    """Write and run what these blocks say, and see that it shows what they show."""
    output = ""
    for kind, block in blocks:
        if kind == "python":
            write(project, block)
        elif kind == "sh":
            output = "".join(run(project, line, background) for line in block.splitlines())
        else:
            assert {*lasting(block).splitlines()} <= {*lasting(output).splitlines()}, output


def test_every_step_does_what_the_page_says(newcomer: Project) -> None:
    (_, first), *blocks, last = BLOCKS
    assert first.splitlines()[INSTALLED:] == ["django-admin startproject library ."]
    assert last == ("sh", "python manage.py embedded stop\n")
    call_command("startproject", "library", newcomer.folder)
    with ExitStack() as background:
        follow(newcomer, blocks, background)
    assert newcomer.manage("shell", "-v0", "-c", SHOW).stdout == "books.tidy_codes 3\n"
    follow(newcomer, [last], background)
    assert postgres.running(newcomer.folder / ".upkeep") is None
